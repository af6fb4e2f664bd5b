"""Moments, durations and counts as people read them."""

import time
from datetime import datetime

_UNITS = ((86_400_000, "d"), (3_600_000, "h"), (60_000, "min"))


def duration_text(milliseconds: float) -> str:
    """`12 ms`, `3.4 s`, `5 min`, `2 h`, `3 d`; never negative."""
    milliseconds = max(0, milliseconds)
    if milliseconds < 1000:
        return f"{milliseconds:.0f} ms"
    if milliseconds < 10_000:
        return f"{milliseconds / 1000:.1f} s"
    if milliseconds < 120_000:
        return f"{milliseconds / 1000:.0f} s"
    length, unit = next((length, unit) for length, unit in _UNITS if milliseconds >= 2 * length or unit == "min")
    return f"{milliseconds // length:.0f} {unit}"


def moment_text(moment: int) -> str:
    """Local date and time of a moment in ms."""
    try:
        return f"{datetime.fromtimestamp(moment / 1000).astimezone():%Y-%m-%d %H:%M:%S}"
    except (OverflowError, ValueError, OSError):
        return f"{moment} ms"


def counted(number: int, thing: str) -> str:
    """`1 task`, `1,200 tasks`."""
    return f"{number:,} {thing}{'' if number == 1 else 's'}"


def now_ms() -> int:
    return time.time_ns() // 1_000_000
