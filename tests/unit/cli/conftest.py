"""The command line as typed, in front of a controller made of functions."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from skalds.cli import controller_session
from skalds.cli.main import main
from skalds.client.json_client import JsonClient

ADDRESS = "http://127.0.0.1:8000"


@dataclass
class Typed:
    """What a command left behind."""

    status: int
    out: str
    err: str


@dataclass
class FakeController:
    """Answers `METHOD path` with JSON, or with what a function makes of the request; 404 to anything else."""

    answers: dict[str, Any] = field(default_factory=dict)
    requests: list[httpx.Request] = field(default_factory=list)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        path = request.url.path
        answer = self.answers.get(f"{request.method} {path}")
        if answer is None:
            fields = {"kind": "task", "id": path.rpartition("/")[2]}
            return httpx.Response(404, json={"code": "not_found", "message": "no", "fields": fields})
        made = answer(request) if callable(answer) else answer
        return made if isinstance(made, httpx.Response) else httpx.Response(200, json=made)

    def bodies(self) -> list[bytes]:
        return [request.content for request in self.requests if request.method == "POST"]


@dataclass
class Prompt:
    """A place to type commands at."""

    controller: FakeController
    run: Callable[..., Typed]

    def answering(self, answers: Mapping[str, Any]) -> "Prompt":
        self.controller.answers.update(answers)
        return self


@pytest.fixture
def prompt(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Prompt:
    controller = FakeController()
    monkeypatch.chdir(tmp_path)
    for name in ("SKALDS_URL", "SKALDS_TOKEN", "COLUMNS", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(
        controller_session,
        "open_client",
        lambda url, _: JsonClient(url or ADDRESS, transport=httpx.MockTransport(controller)),
    )

    def run(*arguments: str) -> Typed:
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main(arguments)
        captured = capsys.readouterr()
        code = ended.value.code
        return Typed(code if isinstance(code, int) else int(code is not None), captured.out, captured.err)

    return Prompt(controller, run)
