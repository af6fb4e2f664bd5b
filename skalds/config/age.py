"""A length of time as people write it for the age of files: `3 days`."""

import re
from datetime import timedelta

from skalds.config.kinds import Kind, read_number, read_text, require

_TEXT = re.compile(r"\s*([0-9]+(?:\.[0-9]+)?)\s*([a-z]*)\s*", re.ASCII | re.IGNORECASE)
_UNITS = {
    **dict.fromkeys(("s", "sec", "second", "seconds"), timedelta(seconds=1)),
    **dict.fromkeys(("m", "min", "minute", "minutes"), timedelta(minutes=1)),
    **dict.fromkeys(("h", "hour", "hours"), timedelta(hours=1)),
    **dict.fromkeys(("", "d", "day", "days"), timedelta(days=1)),
    **dict.fromkeys(("w", "week", "weeks"), timedelta(weeks=1)),
    **dict.fromkeys(("month", "months"), timedelta(days=30)),
    **dict.fromkeys(("y", "year", "years"), timedelta(days=365)),
}


def parse_age(text: str) -> timedelta:
    """The length that `text` says; raises ValueError."""
    number, unit = require(_TEXT.fullmatch(text)).groups()
    try:
        age = read_number(number) * require(_UNITS.get(unit.lower()))
    except OverflowError:
        raise ValueError from None
    return require(age if age > timedelta() else None)


def _read(value: object) -> str:
    text = str(value) if isinstance(value, int | float) and not isinstance(value, bool) else read_text(value)
    parse_age(text)
    return text.strip()


# Text, because code written for 0.3.8 expects text here.
AGE: Kind[str] = Kind("a length of time like 3 days or 12 hours, days if there is no unit", _read)
