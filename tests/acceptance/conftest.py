"""Fixtures of the acceptance tests: real processes in a directory of the test's own."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from skalds.testing.local_processes import LocalProcesses
from tests.acceptance.running_system import RunningSystem


@pytest.fixture
def system(tmp_path: Path) -> Iterator[RunningSystem]:
    """A controller without nodes."""
    folder = tmp_path / "files"
    folder.mkdir()
    with LocalProcesses(tmp_path) as processes, httpx.Client(timeout=30) as http:
        running = RunningSystem(processes, folder, http)
        running.start_controller()
        yield running
