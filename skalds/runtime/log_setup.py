"""The log of a process: events with fields, one line each, on a stream and optionally in a file."""

import sys
import time
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from loguru import logger

from skalds.runtime.log_file import LogFile
from skalds.runtime.log_line import LineWriter, as_text, json_line, text_line
from skalds.runtime.log_output import LogOutput
from skalds.runtime.log_sampling import LogSampler

if TYPE_CHECKING:
    from collections.abc import Callable

    from loguru import Record

_FIELDS = "skalds_fields"
_LINE = "skalds_line"
_FALLBACK_LEVEL = "INFO"
_MEGABYTE = 1_000_000


def log_event(level: str, event: str, /, **fields: object) -> None:
    """Logs one event; never raises, whatever the values are."""
    named = logger.bind(**{_FIELDS: fields})
    try:
        named.log(level, event)
    except (ValueError, TypeError):
        named.log(_FALLBACK_LEVEL, as_text(event))


def configure_logging(
    level: str = "INFO",
    *,
    json: bool = False,
    stream: TextIO | None = None,
    file: Path | None = None,
    rotation_mb: int | None = None,
    kept: timedelta | None = None,
) -> None:
    """Replaces all log outputs of this process by a stream (default standard error) and, if given, a file.

    Of each kind of event the first hundred in a second are written. Raises `ConfigurationError` for a file that cannot
    be opened.
    """
    write_line = json_line if json else text_line
    log_file = None if file is None else LogFile(file, rotation_mb and rotation_mb * _MEGABYTE, kept)
    output = LogOutput(stream or sys.stderr, log_file, write_line, LogSampler(time.monotonic), _is_event)
    logger.remove()
    # `diagnose` would print the values of local variables, and with them secrets.
    logger.add(
        output,
        level=level,
        filter=output.admits,
        format=_formatter(write_line),
        colorize=False,
        diagnose=False,
    )


def _is_event(record: "Record") -> bool:
    return _FIELDS in record["extra"]


def _formatter(write_line: LineWriter) -> "Callable[[Record], str]":
    def format_record(record: "Record") -> str:
        extra = record["extra"]
        fields = {name: value for name, value in extra.items() if name not in (_FIELDS, _LINE)}
        fields |= extra.get(_FIELDS, {})
        if record["exception"] is not None and record["exception"].value is not None:
            fields.setdefault("error", record["exception"].value)
        # Loguru treats what is returned as a template; a line put there directly could contain braces.
        extra[_LINE] = write_line(record["time"], record["level"].name, record["message"], fields)
        return f"{{extra[{_LINE}]}}\n"

    return format_record
