"""The log as a whole: a storm on the stream, and files that are rotated and removed."""

import json
import os
import re
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from io import StringIO
from pathlib import Path

import pytest
from loguru import logger

from skalds.errors import ConfigurationError
from skalds.runtime.log_file import LogFile
from skalds.runtime.log_sampling import PER_SECOND
from skalds.runtime.log_setup import configure_logging, log_event

DAY = 86_400


@pytest.fixture(autouse=True)
def no_outputs_left() -> Iterator[None]:
    yield
    logger.remove()


def _storm(count: int) -> None:
    for number in range(count):
        log_event("WARNING", "announce.failed", number=number)


def test_storm_is_cut_and_told_at_the_end() -> None:
    stream = StringIO()
    configure_logging(stream=stream)
    _storm(PER_SECOND + 7)
    log_event("INFO", "other")
    logger.remove()

    lines = stream.getvalue().splitlines()
    assert sum(" announce.failed " in line for line in lines) == PER_SECOND
    assert sum(line.endswith(" INFO other") for line in lines) == 1
    assert lines[-1].endswith(" WARNING log.suppressed event=announce.failed count=7")


def test_count_is_told_once_the_second_is_over_though_nothing_else_is_logged() -> None:
    told = _Told()
    configure_logging(stream=told)
    _storm(PER_SECOND + 7)

    assert told.event.wait(10)
    assert told.getvalue().endswith("event=announce.failed count=7\n")


def test_what_the_level_keeps_out_is_not_counted() -> None:
    stream = StringIO()
    configure_logging("ERROR", stream=stream)
    _storm(PER_SECOND + 7)
    logger.remove()

    assert stream.getvalue() == ""


def test_free_messages_of_users_are_not_cut() -> None:
    stream = StringIO()
    configure_logging(stream=stream)
    for _ in range(PER_SECOND + 7):
        logger.info("frame done")
    logger.remove()

    assert len(stream.getvalue().splitlines()) == PER_SECOND + 7


def test_suppressed_line_is_json_too(tmp_path: Path) -> None:
    configure_logging(json=True, stream=StringIO(), file=tmp_path / "node.log")
    _storm(PER_SECOND + 1)
    logger.remove()

    last = json.loads((tmp_path / "node.log").read_text(encoding="utf-8").splitlines()[-1])
    assert last["event"] == "log.suppressed"
    assert last["count"] == 1


def test_file_is_rotated_before_it_is_too_large(tmp_path: Path) -> None:
    file = LogFile(tmp_path / "node.log", rotation_bytes=50)
    for letter in "abcde":
        file.write(letter * 29 + "\n")
    file.close()

    files = {path.name: path.read_text() for path in tmp_path.iterdir()}
    assert files.pop("node.log") == "e" * 29 + "\n"
    assert sorted(content[0] for content in files.values()) == ["a", "b", "c", "d"]
    assert all(re.fullmatch(r"node\.\d{4}-\d\d-\d\d_\d\d-\d\d-\d\d(-\d)?\.log", name) for name in files)


def test_line_larger_than_the_limit_does_not_rotate_an_empty_file(tmp_path: Path) -> None:
    file = LogFile(tmp_path / "node.log", rotation_bytes=5)
    file.write("a long line\n")
    file.close()

    assert [path.name for path in tmp_path.iterdir()] == ["node.log"]


def test_only_old_files_of_ours_are_removed(tmp_path: Path) -> None:
    stale = {
        "node-1.2026-01-01_00-00-00.log": True,
        "node-1.2026-01-01_00-00-00-2.log": True,
        "skalds-0a1b2.log": True,
        "node-1.log": False,
        "node-2.log": False,
        "syslog.log": False,
        "notes.txt": False,
    }
    for name in stale:
        _touch(tmp_path / name, days_ago=4)
    _touch(tmp_path / "node-1.2026-01-04_00-00-00.log", days_ago=2)
    file = LogFile(tmp_path / "node-1.log", kept=timedelta(days=3))
    file.write("x\n")
    file.close()

    left = {path.name for path in tmp_path.iterdir()}
    assert left == {name for name, goes in stale.items() if not goes} | {"node-1.2026-01-04_00-00-00.log"}


def test_fork_writes_to_the_new_file_and_rotates_nothing(tmp_path: Path) -> None:
    file = LogFile(tmp_path / "node.log", rotation_bytes=50)
    file.write("a" * 29 + "\n")
    file.write("b" * 29 + "\n")
    _in_a_fork(lambda: file.write("c" * 29 + "\n"))
    (tmp_path / "node.log").rename(tmp_path / "moved.log")
    _in_a_fork(lambda: file.write("d\n"))
    file.close()

    assert (tmp_path / "moved.log").read_text() == "b" * 29 + "\n" + "c" * 29 + "\n"
    assert (tmp_path / "node.log").read_text() == "d\n"


def test_directory_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "logs").write_text("a file")
    with pytest.raises(ConfigurationError, match="LOG_PATH"):
        configure_logging(file=tmp_path / "logs" / "node.log")


def test_file_that_fails_is_told_once_on_the_stream(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    stream = StringIO()
    configure_logging(stream=stream, file=tmp_path / "node.log")
    monkeypatch.setattr(LogFile, "write", fail)
    log_event("INFO", "one")
    log_event("INFO", "two")

    assert stream.getvalue().count("log.file_failed") == 1
    assert " INFO two" in stream.getvalue()


class _Told(StringIO):
    def __init__(self) -> None:
        super().__init__()
        self.event = threading.Event()

    def write(self, text: str) -> int:
        written = super().write(text)
        if "log.suppressed" in text:
            self.event.set()
        return written


def _touch(path: Path, days_ago: float) -> None:
    path.write_text("x\n")
    moment = time.time() - days_ago * DAY
    os.utime(path, (moment, moment))


def _in_a_fork(work: object) -> None:
    assert callable(work)
    child = os.fork()
    if child == 0:
        work()
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
