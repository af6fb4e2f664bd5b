"""The log of a process: events with fields, one line each, on a stream and optionally in a file."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from loguru import logger

from skalds.runtime.log_line import as_text, json_line, text_line

if TYPE_CHECKING:
    from loguru import Record

_FIELDS = "skalds_fields"
_LINE = "skalds_line"
_FALLBACK_LEVEL = "INFO"


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
) -> None:
    """Replaces all log outputs of this process by a stream (default standard error) and, if given, a file."""
    line_format = _formatter(json_line if json else text_line)
    logger.remove()
    # `diagnose` would print the values of local variables, and with them secrets.
    logger.add(stream or sys.stderr, level=level, format=line_format, colorize=False, diagnose=False)
    if file is not None:
        rotation = None if rotation_mb is None else f"{rotation_mb} MB"
        logger.add(
            file, level=level, format=line_format, colorize=False, diagnose=False, rotation=rotation, encoding="utf-8"
        )


def _formatter(write_line: Callable[..., str]) -> "Callable[[Record], str]":
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
