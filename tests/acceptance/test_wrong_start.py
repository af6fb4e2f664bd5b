"""A start with wrong settings ends at once, with one line that names the setting and what is valid."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

pytestmark = pytest.mark.acceptance

MAIN = "skalds.system_controller.main"
CLI = "skalds.cli.main"
CONTROLLER = ("controller",)
MODES = "one of CONTROLLER, MONITOR, DISPATCHER"


class Start:
    """Starts Skalds in an empty directory, with nothing in the environment but what a test puts there."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environment = {
            "PATH": os.defpath,
            "SKALDS_DATA_DIR": str(folder / "data"),
            "SYSTEM_CONTROLLER_PORT": "0",
            "PYTHONPATH": str(Path(__file__).parents[2]),
            "COLUMNS": "200",
        }

    def process(self, module: str, *arguments: str, **environment: str) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [sys.executable, "-m", module, *arguments],
            cwd=self.folder,
            env={**self.environment, **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def refused(self, module: str, *arguments: str, **environment: str) -> str:
        """The one line with which it refuses."""
        with self.process(module, *arguments, **environment) as process:
            out, err = process.communicate(timeout=30)
        assert process.returncode == 2, err
        assert out == ""
        (line,) = err.splitlines()
        assert line.startswith("skalds: ")
        return line


@pytest.fixture
def start(tmp_path: Path) -> Start:
    return Start(tmp_path)


@pytest.fixture
def taken_port() -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        yield str(taken.getsockname()[1])


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("SYSTEM_CONTROLLER_MODE", "BOSS", MODES),
        ("DISPATCHER_STRATEGY", "FASTEST", "one of LEAST_TASKS, ROUND_ROBIN, RANDOM"),
        ("DISPATCHER_INTERVAL", "-5", "a whole number from 1 to"),
        ("DISPATCHER_INTERVAL", "0", "a whole number from 1 to"),
        ("MONITOR_SKALD_INTERVAL", "1.5", "a whole number from 1 to"),
        ("DISPATCHER_AGEING_STEP", "nan", "a number of seconds above 0"),
        ("TASK_RETENTION", "-1", "a number of days above 0"),
        ("TASK_MAX_ATTEMPTS", "three", "a whole number from 0 to"),
        ("SYSTEM_CONTROLLER_PORT", "65536", "a whole number from 0 to 65535"),
        ("SYSTEM_CONTROLLER_HOST", "192.0.2.1", "a loopback address while no SKALDS_TOKEN is set"),
        ("SKALDS_ENGINE", "cloud", "one of embedded, distributed"),
        ("LOG_LEVEL", "loud", "one of TRACE, DEBUG, INFO"),
        ("SKALDS_DATA_DIR", "/proc/skalds", "a directory we can write to"),
        ("SKALDS_DATA_DIR", "a\nb", "a path"),
    ],
)
@pytest.mark.parametrize("command", [(MAIN,), (CLI, *CONTROLLER)], ids=["main", "skalds"])
def test_a_wrong_variable_is_named(
    start: Start, command: tuple[str, ...], name: str, value: str, expected: str
) -> None:
    line = start.refused(*command, **{name: value})

    assert line.startswith(f"skalds: {name} cannot be ")
    assert f"expected {expected}" in line


@pytest.mark.parametrize(
    ("arguments", "setting", "expected"),
    [
        ("controller --mode boss", "SYSTEM_CONTROLLER_MODE", MODES),
        ("controller --strategy fastest", "DISPATCHER_STRATEGY", "LEAST_TASKS"),
        ("controller --port 65536", "SYSTEM_CONTROLLER_PORT", "0 to 65535"),
        ("controller --host 192.0.2.1", "SYSTEM_CONTROLLER_HOST", "loopback"),
        ("controller --data /proc/skalds", "SKALDS_DATA_DIR", "a directory we can write to"),
        ("node --app nothing:app", "--app", "module:attribute"),
        ("node --app survey.py", "--app", "python survey.py"),
    ],
)
def test_a_wrong_argument_is_named(start: Start, arguments: str, setting: str, expected: str) -> None:
    line = start.refused(CLI, *arguments.split())

    assert line.startswith(f"skalds: {setting} cannot be ")
    assert expected in line


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ("controller --prot 8000", "--port"),
        ("controller --port x", "--port"),
        ("up --nodes 0", "--nodes"),
        ("upp", "upp"),
    ],
)
def test_arguments_that_are_none_end_with_the_usage(start: Start, arguments: str, told: str) -> None:
    with start.process(CLI, *arguments.split()) as process:
        out, err = process.communicate(timeout=30)

    assert process.returncode == 2
    assert out == ""
    assert told in err
    assert "Traceback" not in err


@pytest.mark.parametrize("command", [(MAIN,), (CLI, *CONTROLLER)], ids=["main", "skalds"])
def test_a_port_in_use_is_named(start: Start, taken_port: str, command: tuple[str, ...]) -> None:
    line = start.refused(*command, SYSTEM_CONTROLLER_PORT=taken_port)

    assert line.startswith(f"skalds: SYSTEM_CONTROLLER_PORT cannot be {taken_port}: ")
    assert "taken" in line


def test_a_data_directory_that_is_a_file_is_named(start: Start) -> None:
    (start.folder / "data").write_text("x")

    assert "SKALDS_DATA_DIR" in start.refused(MAIN)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_data_directory_without_permission_is_named(start: Start) -> None:
    start.folder.chmod(0o500)

    assert "SKALDS_DATA_DIR" in start.refused(MAIN)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"this is no setting\n", "line 1"),
        (b'LOG_LEVEL=INFO\nSKALDS_TOKEN="s3cret\n', "line 2"),
        (b"\0" * 100_000, "line 1"),
        (b"\xff\xfeS\0K\0", "UTF-8"),
        (b"SYSTEM_CONTROLLER_MODE=boss\n", MODES),
        (b"DISPATCHER_INTERVAL='-5'\n", "a whole number from 1"),
    ],
)
@pytest.mark.parametrize("command", [(MAIN,), (CLI, *CONTROLLER)], ids=["main", "skalds"])
def test_garbage_in_the_settings_file_is_named(
    start: Start, command: tuple[str, ...], content: bytes, told: str
) -> None:
    (start.folder / ".env").write_bytes(content)

    line = start.refused(*command)

    assert told in line
    assert "s3cret" not in line


def test_an_unknown_variable_is_answered_with_the_nearest_name(start: Start) -> None:
    process = start.process(MAIN, SYSTEM_CONTROLLER_PROT="8000", DISPATCHER_STRATEGIE="RANDOM", TASK_FORCE="x")
    assert process.stderr is not None
    lines = []
    for line in process.stderr:
        lines.append(line)
        if "http.listening" in line:
            break
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=30)

    warnings = [line for line in lines if "configuration.warning" in line]
    assert process.returncode == 0
    assert len(warnings) == 3
    assert "did you mean DISPATCHER_STRATEGY?" in warnings[0]
    assert "did you mean SYSTEM_CONTROLLER_PORT?" in warnings[1]
    assert "TASK_FORCE" in warnings[2]
