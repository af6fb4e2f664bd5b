"""The kinds of value a setting can have: how each is read, what it accepts, how it is written back as text."""

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Generic, TypeVar
from urllib.parse import urlsplit

T = TypeVar("T")
E = TypeVar("E", bound=StrEnum)

_WHOLE_NUMBER = re.compile(r"\s*[+-]?[0-9]{1,18}\s*", re.ASCII)
_WORDS = {
    **dict.fromkeys(("true", "1", "yes", "y", "on"), True),
    **dict.fromkeys(("false", "0", "no", "n", "off"), False),
}
_NODE_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,127}")


@dataclass(frozen=True, slots=True)
class Kind(Generic[T]):
    """Reads a value from an argument or from text; `expected` completes the sentence "expected …".

    `read` raises a bare ValueError for anything else, so that every refusal can be told in the same words.
    """

    expected: str
    read: Callable[[object], T]
    write: Callable[[T], str] = str
    # Compose files and charts hand over empty text for what they leave out; only for text is it a value.
    empty_is_unset: bool = True


def whole_number(at_least: int, at_most: int | None = None) -> Kind[int]:
    limits = f"of {at_least} or more" if at_most is None else f"from {at_least} to {at_most}"
    return Kind(f"a whole number {limits}", lambda value: read_whole_number(value, at_least, at_most))


def one_of(enum: type[E]) -> Kind[E]:
    members = {member.value.casefold(): member for member in enum}

    def read(value: object) -> E:
        return require(members.get(read_text(value).strip().casefold()))

    return Kind(f"one of {', '.join(enum)}", read)


def duration(unit: timedelta, unit_name: str) -> Kind[timedelta]:
    def read(value: object) -> timedelta:
        try:
            length = value if isinstance(value, timedelta) else read_number(value) * unit
        except OverflowError:
            raise ValueError from None
        return require(length if length > timedelta() else None)

    return Kind(f"a number of {unit_name} above 0", read, lambda value: f"{value / unit:.15g}")


def read_whole_number(value: object, at_least: int, at_most: int | None = None) -> int:
    if isinstance(value, str):
        value = int(require(_WHOLE_NUMBER.fullmatch(value))[0])
    if not isinstance(value, int) or isinstance(value, bool):
        raise ValueError
    return require(value if at_least <= value and (at_most is None or value <= at_most) else None)


def read_number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise ValueError
    try:
        number = float(value)
    except (OverflowError, ValueError):
        raise ValueError from None
    return require(number if math.isfinite(number) else None)


def read_text(value: object) -> str:
    # Not printable are control characters, and the lone surrogates Python makes of variables that are not UTF-8.
    return require(value if isinstance(value, str) and value.isprintable() else None)


def require(value: T | None) -> T:
    if value is None:
        raise ValueError
    return value


def _read_boolean(value: object) -> bool:
    return value if isinstance(value, bool) else require(_WORDS.get(read_text(value).strip().casefold()))


def _read_path(value: object) -> Path:
    return Path(require(read_text(str(value) if isinstance(value, Path) else value) or None))


def _read_url(value: object) -> str:
    text = read_text(value).strip()
    parts = urlsplit(text)  # raises ValueError for a host or a port that cannot be
    usable = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0 and " " not in text
    return require(text if usable else None)


def _read_node_id(value: object) -> str:
    return require(_NODE_ID.fullmatch(read_text(value)))[0]


TEXT: Kind[str] = Kind("printable text", read_text, empty_is_unset=False)
BOOLEAN: Kind[bool] = Kind("true or false", _read_boolean, lambda value: str(value).lower())
PATH: Kind[Path] = Kind("a path", _read_path)
NODE_ID: Kind[str] = Kind("1 to 128 letters, digits, or any of . _ @ - after the first", _read_node_id)
URL: Kind[str] = Kind("an address like http://127.0.0.1:8000", _read_url)
PORT = whole_number(0, 65535)
SECONDS = whole_number(1, 31_536_000)
# Text, because code written for 0.3.8 expects text here.
MEGABYTES: Kind[str] = Kind("a whole number of megabytes", lambda value: str(read_whole_number(value, 1, 1_000_000)))
