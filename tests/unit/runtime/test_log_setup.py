"""The outputs of a process's log."""

import json
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import pytest
from loguru import logger

from skalds.runtime.log_setup import configure_logging, log_event
from skalds.utils.logging import init_logger
from skalds.utils.logging import logger as public_logger


@pytest.fixture(autouse=True)
def no_outputs_left() -> Iterator[None]:
    yield
    logger.remove()


def test_event_is_one_line_on_the_stream() -> None:
    stream = StringIO()
    configure_logging(stream=stream)

    log_event("INFO", "task.assigned", task="a\nb", template="{extra} <red>")

    (line,) = stream.getvalue().splitlines()
    assert line.endswith(r'INFO task.assigned task="a\nb" template="{extra} <red>"')


def test_field_may_be_called_level_or_event() -> None:
    stream = StringIO()
    configure_logging(stream=stream)

    log_event("INFO", "odd", level=1, event=2)

    assert stream.getvalue().endswith("INFO odd level=1 event=2\n")


def test_unknown_level_is_no_reason_to_fail() -> None:
    stream = StringIO()
    configure_logging(stream=stream)

    log_event("LOUD", "odd")

    assert " INFO odd" in stream.getvalue()


def test_level_is_a_threshold() -> None:
    stream = StringIO()
    configure_logging("WARNING", stream=stream)

    log_event("INFO", "quiet")

    assert stream.getvalue() == ""


def test_json_line_has_the_fields() -> None:
    stream = StringIO()
    configure_logging(json=True, stream=stream)

    log_event("ERROR", "announce.failed", task="t1", attempt=3)

    parsed = json.loads(stream.getvalue())
    assert list(parsed) == ["time", "level", "event", "task", "attempt"]


def test_exception_of_loguru_users_is_one_line_without_local_variables() -> None:
    stream = StringIO()
    configure_logging(stream=stream)

    try:
        password = "geheim"
        raise ValueError("bad\nvalue")
    except ValueError:
        logger.exception("it failed")

    (line,) = stream.getvalue().splitlines()
    assert line.endswith(r'ERROR it failed error="ValueError: bad\nvalue"')
    assert password not in line


def test_stream_and_file_get_the_same_line(tmp_path: Path) -> None:
    stream = StringIO()
    configure_logging(stream=stream, file=tmp_path / "logs" / "node.log", rotation_mb=1)

    log_event("INFO", "node.started", node="n1")

    assert (tmp_path / "logs" / "node.log").read_text(encoding="utf-8") == stream.getvalue() != ""


def test_init_logger_keeps_its_file_inside_the_log_path(tmp_path: Path) -> None:
    init_logger("../node", log_path=str(tmp_path / "logs"), process_id="7")

    public_logger.success("started")

    assert [path.name for path in (tmp_path / "logs").iterdir()] == [".._node_7.log"]


@pytest.mark.parametrize("lines", [("one", "two"), (["one", "two"],)])
def test_block_is_one_record_per_line(lines: tuple[str, ...]) -> None:
    messages: list[str] = []
    logger.remove()
    logger.add(lambda message: messages.append(message.record["message"]))

    public_logger.block("Node {x}", *lines)

    assert messages == ["╭─ Node {x} ─╮", "│ one        │", "│ two        │", "╰────────────╯"]


def test_panel_frames_a_text() -> None:
    messages: list[str] = []
    logger.remove()
    logger.add(lambda message: messages.append(message.record["message"]))

    public_logger.panel("one\ntwo")

    assert messages == ["╭─────╮", "│ one │", "│ two │", "╰─────╯"]
