"""Importing any module of the package starts, opens, writes and changes nothing."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.source_tree import modules

# Runs in an interpreter of its own. Audit events see what happens inside C code and third-party packages too.
PROBE = """
import importlib, json, os, signal, sys, threading

WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_TRUNC
EFFECTS = ("socket.", "subprocess.", "os.fork", "os.posix_spawn", "os.exec", "os.mkdir", "os.rename", "os.remove",
           "os.putenv", "os.unsetenv", "_thread.start_new_thread", "sqlite3.connect")
HARMLESS = ("socket.gethostname",)
effects = []

def watch(event, arguments):
    if event == "open" and isinstance(arguments[2], int) and arguments[2] & WRITES:
        effects.append(f"{current}: writes {arguments[0]}")
    elif event.startswith(EFFECTS) and event not in HARMLESS:
        effects.append(f"{current}: {event} {arguments!r}")

def state():
    handlers = {number: str(signal.getsignal(number)) for number in signal.valid_signals()}
    return {"environment": dict(os.environ), "threads": threading.active_count(), "signals": handlers}

before, current = state(), ""
sys.addaudithook(watch)
for current in sys.argv[1:]:
    importlib.import_module(current)
changed = [name for name, value in state().items() if value != before[name]]
print(json.dumps({"effects": effects, "changed": changed, "modules": sorted(sys.modules)}))
"""


def probe(folder: Path, *names: str) -> dict[str, list[str]]:
    run = subprocess.run(
        [sys.executable, "-B", "-W", "error", "-c", PROBE, *names],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    result: dict[str, list[str]] = json.loads(run.stdout)
    return result


def test_importing_everything_has_no_effect(tmp_path: Path) -> None:
    result = probe(tmp_path, *(module.name for module in modules()))

    assert result["effects"] == []
    assert result["changed"] == []
    assert list(tmp_path.iterdir()) == []


def test_importing_the_package_alone_loads_nothing_else(tmp_path: Path) -> None:
    loaded = probe(tmp_path, "skalds")["modules"]

    assert [name for name in loaded if name.startswith("skalds.")] == []
    assert not {"pydantic", "fastapi", "loguru", "asyncio"} & set(loaded)


@pytest.mark.parametrize(
    "code", ["open('x', 'w')", "import socket; socket.socket()", "import os; os.environ['A'] = 'b'"]
)
def test_effect_is_noticed(tmp_path: Path, code: str) -> None:
    (tmp_path / "guilty.py").write_text(code, encoding="utf-8")

    assert probe(tmp_path, "guilty")["effects"]
