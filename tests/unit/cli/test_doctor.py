"""`skalds doctor` on the embedded engine, and what it says of the settings."""

import asyncio
import json
import os
from pathlib import Path
from typing import Any

import pytest

from skalds.adapters.process.system_clock import SystemClock
from skalds.adapters.sqlite.engine import SqliteEngine
from skalds.adapters.sqlite.life_locks import LifeLocks
from skalds.config.settings import every_known_name
from tests.unit.cli.conftest import Prompt, Typed


@pytest.fixture
def doctor(prompt: Prompt, monkeypatch: pytest.MonkeyPatch) -> Prompt:
    for name in every_known_name():
        monkeypatch.delenv(name, raising=False)
    return prompt


def findings(done: Typed) -> dict[str, dict[str, Any]]:
    told = json.loads(done.out)
    assert told["ok"] is (done.status == 0)
    return {finding["check"]: finding for finding in told["findings"]}


def verdicts(done: Typed) -> dict[str, str]:
    return {check: finding["verdict"] for check, finding in findings(done).items()}


def used(data: Path) -> None:
    """A directory in which a controller has worked."""

    async def work() -> None:
        engine = await SqliteEngine.open(data, SystemClock(), role="controller")
        await engine.close()

    asyncio.run(work())


def test_before_the_first_start_nothing_is_made(doctor: Prompt, tmp_path: Path) -> None:
    done = doctor.run("doctor", "--data", str(tmp_path / "new" / "data"))

    assert done.status == 0
    assert done.out.splitlines()[-1] == "all is well"
    assert "is not there yet; a controller makes it" in " ".join(done.out.split())
    assert list(tmp_path.iterdir()) == []


def test_a_directory_in_use_is_well(doctor: Prompt, tmp_path: Path) -> None:
    data = tmp_path / "data"
    used(data)
    before = {path: path.stat().st_mtime_ns for path in data.rglob("*") if not path.name.endswith(("-shm", "-wal"))}
    done = doctor.run("doctor", "--data", str(data), "--json")

    assert set(verdicts(done).values()) == {"ok"}
    assert findings(done)["database"]["detail"].startswith("sound, 0 tasks")
    assert {path: path.stat().st_mtime_ns for path in before} == before


def test_who_is_at_work_is_told(doctor: Prompt, tmp_path: Path) -> None:
    used(tmp_path / "data")
    assert findings(doctor.run("doctor", "--data", str(tmp_path / "data"), "--json"))["nodes"]["detail"] == (
        "none is running"
    )
    lock = SqliteEngine.controller_lock(tmp_path / "data")
    lock.tell("http://127.0.0.1:8000")
    node = LifeLocks(tmp_path / "data" / "locks")
    node.hold(1)
    found = findings(doctor.run("doctor", "--data", str(tmp_path / "data"), "--json"))
    node.close()
    lock.release()

    assert found["controller"]["detail"] == f"process {os.getpid()} at http://127.0.0.1:8000"
    assert found["nodes"]["detail"] == "1 running"


def test_a_damaged_database_is_told_how_to_be_mended(doctor: Prompt, tmp_path: Path) -> None:
    used(tmp_path / "data")
    (tmp_path / "data" / "skalds.db").write_bytes(b"nonsense" * 1000)
    done = doctor.run("doctor", "--data", str(tmp_path / "data"), "--json")

    assert (done.status, findings(done)["database"]["verdict"]) == (1, "wrong")
    assert "skalds db restore" in findings(done)["database"]["fix"]


def test_a_directory_that_others_can_enter_is_a_warning(doctor: Prompt, tmp_path: Path) -> None:
    used(tmp_path / "data")
    (tmp_path / "data").chmod(0o755)
    done = doctor.run("doctor", "--data", str(tmp_path / "data"))

    assert done.status == 0
    assert done.out.splitlines()[-1] == "1 warning: a controller can work"


def test_a_file_in_the_place_of_the_directory_is_wrong(doctor: Prompt, tmp_path: Path) -> None:
    (tmp_path / "data").write_text("mine")
    done = doctor.run("doctor", "--data", str(tmp_path / "data"), "--json")

    assert (done.status, findings(done)["directory"]["verdict"]) == (1, "wrong")


def test_a_directory_that_cannot_be_written_is_wrong(doctor: Prompt) -> None:
    done = doctor.run("doctor", "--data", "/proc/skalds", "--json")

    assert (done.status, findings(done)["directory"]["verdict"]) == (1, "wrong")
    assert "SKALDS_DATA_DIR" in findings(done)["directory"]["fix"]


@pytest.mark.parametrize(
    ("environment", "verdict", "told"),
    [
        ({}, "ok", "answers this machine only"),
        ({"SKALDS_TOKEN": "geheim"}, "ok", "answers who presents SKALDS_TOKEN only"),
        ({"SYSTEM_CONTROLLER_HOST": "0.0.0.0"}, "wrong", "SKALDS_TOKEN is not set"),
        ({"SYSTEM_CONTROLLER_HOST": "0.0.0.0", "SKALDS_TOKEN": "geheim"}, "wrong", "fewer than 16 characters"),
        ({"SYSTEM_CONTROLLER_HOST": "0.0.0.0", "SKALDS_TOKEN": "geheim" * 3}, "ok", "who presents SKALDS_TOKEN"),
        ({"SYSTEM_CONTROLLER_HOST": "0.0.0.0", "SYSTEM_CONTROLLER_INSECURE": "1"}, "warning", "--insecure"),
    ],
)
def test_who_may_come_in_is_told(
    doctor: Prompt, monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], verdict: str, told: str
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    done = doctor.run("doctor", "--json")
    found = findings(done)["access"]

    assert (found["verdict"], told in found["detail"]) == (verdict, True)
    assert (found["fix"] is None) == (verdict == "ok")
    assert verdict == "ok" or "token_urlsafe" in found["fix"]
    assert "geheim" not in done.out


def test_oddities_of_the_settings_are_warnings(doctor: Prompt, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SKALDS_TOKN", "x")
    found = findings(doctor.run("doctor", "--json"))

    assert found["settings"]["verdict"] == "warning"
    assert "did you mean SKALDS_TOKEN?" in found["settings"]["detail"]


def test_settings_that_cannot_be_used_are_an_error_as_everywhere(
    doctor: Prompt, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SYSTEM_CONTROLLER_PORT", "x")
    done = doctor.run("doctor")

    assert (done.status, done.out) == (2, "")
    assert done.err.startswith("skalds: SYSTEM_CONTROLLER_PORT cannot be 'x'")


def test_missing_drivers_are_told_with_the_command(doctor: Prompt, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("skalds.adapters.extra.find_spec", lambda name: None if name == "pymongo" else object())
    monkeypatch.setenv("SKALDS_ENGINE", "distributed")
    done = doctor.run("doctor")

    assert done.status == 2
    assert 'pip install "skalds[distributed]" (pymongo not installed)' in done.err
