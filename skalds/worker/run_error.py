"""An exception of user code as the error that is stored with the task."""

import traceback

from skalds.model.task import RunError

LARGEST_ERROR = 16 * 1024
"""Bytes of JSON that an error may take."""

_LONGEST_TYPE = 200
_LARGEST_MESSAGE = 4 * 1024
_ESCAPED = 6
"""What one character may become in JSON: `\\u0000`."""


def describe_error(error: BaseException) -> RunError:
    """Type, message and the end of the traceback, cut to what is kept."""
    name = _clean(type(error).__name__)[:_LONGEST_TYPE]
    message = _cut_end(_message_of(error), _LARGEST_MESSAGE)
    room = LARGEST_ERROR - _size(name) - _size(message) - 100
    return RunError(type=name, message=message, traceback=_cut_start(_traceback_of(error), room))


def _message_of(error: BaseException) -> str:
    if isinstance(error, SystemExit):
        return f"SystemExit: {error.code}"
    try:
        return _clean(str(error)) or type(error).__name__
    except Exception:
        return f"<{type(error).__name__} without a readable message>"


def _traceback_of(error: BaseException) -> str:
    try:
        return _clean("".join(traceback.format_exception(error)))
    except Exception:
        return ""


def _clean(text: str) -> str:
    # Lone surrogates and NUL are text to Python, but to no store.
    return text.encode("utf-8", "replace").decode().replace("\0", "?")


def _cut_end(text: str, room: int) -> str:
    if _size(text) <= room:
        return text
    kept = text[:room]
    while _size(kept) > room - 3:
        kept = kept[: len(kept) * 9 // 10]
    return kept + "…"


def _cut_start(text: str, room: int) -> str:
    if _size(text) <= room:
        return text
    kept = text[-room:]
    while _size(kept) > room - 3:
        kept = kept[-(len(kept) * 9 // 10) :]
    return "…" + kept


def _size(text: str) -> int:
    """Bytes as JSON, at most: control characters are escaped."""
    return len(text.encode()) + (_ESCAPED - 1) * sum(1 for character in text if character < " " or character in '"\\')
