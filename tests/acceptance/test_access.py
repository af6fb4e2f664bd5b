"""With a token nobody comes in without it, by any door; without one nobody but this machine does."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import httpx
import pytest
from starlette.routing import BaseRoute, Route

from skalds.client import SkaldsClient
from skalds.errors import SkaldsError
from skalds.testing.local_processes import LocalProcesses
from skalds.testing.waiting import wait_for
from tests.acceptance.command_line import Typed
from tests.acceptance.running_system import WORKERS
from tests.acceptance.test_wrong_start import CLI, MAIN, Start
from tests.architecture.source_tree import ROOT
from tests.unit.system_controller.api.served import serve

pytestmark = pytest.mark.acceptance

TOKEN = "a-token-of-decent-length-7f3b"
GUESS = "a-token-of-decent-length-7f3c"
NOT_OURS = "192.0.2.1"
"""An address that this machine does not have: a start that gets as far as binding it opens nothing to anybody."""


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[LocalProcesses, str]]:
    """A controller with a token, and its address."""
    with LocalProcesses(tmp_path_factory.mktemp("guarded"), {"SKALDS_TOKEN": TOKEN, "LOG_LEVEL": "TRACE"}) as processes:
        yield processes, processes.start_controller()


@pytest.fixture
def start(tmp_path: Path) -> Start:
    return Start(tmp_path)


def doors(routes: Iterable[BaseRoute]) -> list[tuple[str, str]]:
    """Every method and path that is served, documented or not."""
    found: list[tuple[str, str]] = []
    for route in routes:
        if hasattr(route, "original_router"):  # what FastAPI makes of a router that is included
            found += doors(route.original_router.routes)
            continue
        assert isinstance(route, Route), f"{route} is of a kind that this test does not know"
        found += [(method, re.sub(r"{\w+}", "x", route.path)) for method in sorted(route.methods or ())]
    return found


def typed(arguments: str, address: str, **environment: str) -> Typed:
    """A command with this in its environment, and nothing else of ours."""
    run = subprocess.run(
        [sys.executable, "-m", CLI, *arguments.split()],
        env={"PATH": os.defpath, "PYTHONPATH": str(ROOT), "SKALDS_URL": address, **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return Typed(run.returncode, run.stdout, run.stderr)


def bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


async def test_every_route_needs_the_token() -> None:
    async with serve(token=TOKEN) as api:
        every = doors(api.app.routes)
        assert len(every) > 40
        assert {path for _, path in every} > {"/", "/api/tasks", "/api/events/tasks", "/api/docs", "/api/openapi.json"}
        for method, path in [*every, ("GET", "/nothing/here")]:
            for headers in ({}, bearer(GUESS), {"authorization": f"Basic {TOKEN}"}, {"cookie": f"token={TOKEN}"}):
                answer = await api.call(method, f"{path}?token={TOKEN}", headers=headers)
                assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer"), (method, path)
                assert method == "HEAD" or answer.json()["code"] == "unauthorized"


async def test_with_the_token_no_route_is_closed() -> None:
    async with serve(token=TOKEN) as api:
        for method, path in doors(api.app.routes):
            if path.startswith("/api/events/"):
                continue  # has no end; the test of a real controller listens to it
            answer = await api.call(method, path, headers={**bearer(TOKEN), "host": "skalds.example"})
            assert answer.status_code not in (401, 403), (method, path)


def test_events_need_the_token(guarded: tuple[LocalProcesses, str]) -> None:
    _, address = guarded
    with httpx.Client(base_url=address, timeout=30) as http:
        assert http.get("/api/events/tasks").status_code == 401
        assert http.get("/api/events/tasks", params={"token": TOKEN}).status_code == 401
        with http.stream("GET", "/api/events/tasks", headers=bearer(TOKEN)) as answer:
            assert answer.status_code == 200
            assert any(line.startswith("data:") for line in answer.iter_lines())


async def test_the_client_presents_its_token(guarded: tuple[LocalProcesses, str]) -> None:
    _, address = guarded
    async with SkaldsClient(address, token=TOKEN) as client:
        assert (await client.health())["status"] == "healthy"
    async with SkaldsClient(address, token=GUESS) as client:
        with pytest.raises(SkaldsError, match="valid token"):
            await client.health()


def test_commands_present_the_token_of_the_environment(guarded: tuple[LocalProcesses, str], tmp_path: Path) -> None:
    _, address = guarded
    (tmp_path / "token").write_text(f"{TOKEN}\n")

    assert typed("task list", address, SKALDS_TOKEN=TOKEN).status == 0
    assert typed("task list", address, SKALDS_TOKEN_FILE=str(tmp_path / "token")).status == 0


@pytest.mark.parametrize("token", ["", GUESS])
def test_a_wrong_token_is_one_clear_line(guarded: tuple[LocalProcesses, str], token: str) -> None:
    done = typed("task list", guarded[1], SKALDS_TOKEN=token)

    assert done.status == 2
    assert done.out == ""
    assert done.err == "skalds: This needs a valid token; set SKALDS_TOKEN to the controller's\n"


def test_the_token_is_nowhere_to_be_read(guarded: tuple[LocalProcesses, str]) -> None:
    processes, address = guarded
    processes.start_node("node", WORKERS)
    wait_for(lambda: "node.registered" in processes.log_of("node") or "online" in processes.log_of("node"))
    with httpx.Client(base_url=address, headers=bearer(TOKEN), timeout=30) as http:
        texts = [http.get(path).text for path in ("/", "/api/system/status", "/api/dispatcher", "/api/openapi.json")]
        texts.append(http.post("/api/tasks", json={"className": "Double", "attachments": {"number": 1}}).text)
        texts.append(http.post("/api/tasks", json={"className": 7}).text)
        texts.append(http.get("/api/audit").text)
        texts.append(json.dumps(http.get("/api/dispatcher/dump").json()))
        texts.append(http.get("/api/tasks/", headers=bearer(f"{TOKEN}x")).text)
    texts += [processes.log_of(name) for name in ("controller", "node")]

    assert not [text for text in texts if TOKEN in text]


@pytest.mark.parametrize("command", [(MAIN,), (CLI, "controller")], ids=["main", "skalds"])
@pytest.mark.parametrize(
    ("token", "setting", "fix"),
    [
        ("", "SYSTEM_CONTROLLER_HOST", "a loopback address while no SKALDS_TOKEN is set"),
        (TOKEN[:15], "SKALDS_TOKEN", "at least 16 characters"),
    ],
)
def test_nobody_listens_to_strangers_without_a_good_token(
    start: Start, command: tuple[str, ...], token: str, setting: str, fix: str
) -> None:
    line = start.refused(*command, SYSTEM_CONTROLLER_HOST=NOT_OURS, SKALDS_TOKEN=token)

    assert line.startswith(f"skalds: {setting} cannot be ")
    assert fix in line
    assert "secrets.token_urlsafe(32)" in line
    assert not token or token not in line


@pytest.mark.parametrize(
    ("command", "environment"),
    [
        ((CLI, "controller", "--insecure"), {}),
        ((CLI, "controller"), {"SYSTEM_CONTROLLER_INSECURE": "true"}),
        ((MAIN,), {"SYSTEM_CONTROLLER_INSECURE": "true"}),
    ],
)
def test_who_goes_without_is_warned_at_each_start(
    start: Start, command: tuple[str, ...], environment: dict[str, str]
) -> None:
    with start.process(*command, SYSTEM_CONTROLLER_HOST=NOT_OURS, **environment) as process:
        _, err = process.communicate(timeout=30)

    warning, refusal = err.splitlines()
    assert "WARNING" in warning
    assert "--insecure" in warning
    # So the rule let it pass; that address belongs to nobody here.
    assert refusal.startswith(f"skalds: SYSTEM_CONTROLLER_HOST cannot be '{NOT_OURS}': expected an address of this")
