"""One log event as one line of text or JSON, whatever its values are."""

import json
import math
from collections.abc import Callable, Mapping
from datetime import datetime
from enum import Enum

LineWriter = Callable[[datetime, str, str, Mapping[str, object]], str]
"""Writes time, level, event and fields as one line."""

_LONGEST_VALUE = 4_000
_NEEDS_QUOTES = frozenset(' "\\=')
_SHORT_ESCAPES = {"\n": "\\n", "\r": "\\r", "\t": "\\t", '"': '\\"', "\\": "\\\\"}


def text_line(time: datetime, level: str, event: str, fields: Mapping[str, object]) -> str:
    """`time level event key=value …`; no value can split the line, end its own quotes or move the cursor."""
    stamp = time.isoformat(timespec="milliseconds")
    pairs = [f"{_quote(key)}={_quote(as_text(value))}" for key, value in fields.items()]
    return " ".join([stamp, level, _escape(event), *pairs])


def json_line(time: datetime, level: str, event: str, fields: Mapping[str, object]) -> str:
    """The same as one JSON object; fields never replace `time`, `level` and `event`."""
    line = {as_text(key): _as_json(value) for key, value in fields.items()}
    line |= {"time": time.isoformat(timespec="milliseconds"), "level": level, "event": event}
    return json.dumps({name: line[name] for name in ("time", "level", "event", *line)})


def as_text(value: object) -> str:
    """Any value as text of bounded length; one that cannot even say what it is becomes its type."""
    try:
        text = _describe(value)
        return text if len(text) <= _LONGEST_VALUE else f"{text[:_LONGEST_VALUE]}…(+{len(text) - _LONGEST_VALUE})"
    except Exception:
        return f"<unprintable {type(value).__name__}>"


def _describe(value: object) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return str(value).lower()
        case Enum():
            return str(value.value)
        case BaseException():
            return f"{type(value).__name__}: {value}"
        case datetime():
            return value.isoformat()
        case _:
            return str(value)


def _as_json(value: object) -> object:
    is_plain = value is None or type(value) in (bool, int) or (isinstance(value, float) and math.isfinite(value))
    return value if is_plain else as_text(value)


def _quote(text: str) -> str:
    if text and text.isprintable() and not _NEEDS_QUOTES & set(text):
        return text
    return f'"{_escape(text, quoted=True)}"'


def _escape(text: str, *, quoted: bool = False) -> str:
    if text.isprintable() and not quoted:
        return text
    # Not printable are control, format and separator characters and surrogates: all that can deceive a terminal.
    return "".join(_escape_character(character, quoted=quoted) for character in text)


def _escape_character(character: str, *, quoted: bool) -> str:
    if character.isprintable() and not (quoted and character in '"\\'):
        return character
    code = ord(character)
    return _SHORT_ESCAPES.get(character) or (f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}")
