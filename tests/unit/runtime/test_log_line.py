"""A log line stays one line and inert, whatever is logged."""

import json
import math
from datetime import UTC, datetime
from enum import Enum
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skalds.runtime.log_line import as_text, json_line, text_line

TIME = datetime(2026, 1, 2, 3, 4, 5, 678_901, tzinfo=UTC)


class Hostile:
    def __str__(self) -> str:
        raise RuntimeError("no")

    __repr__ = __str__


class Colour(Enum):
    RED = "red"


anything = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(),
    st.binary(),
    st.builds(Hostile),
    st.lists(st.builds(Hostile), max_size=2),
    st.builds(ValueError, st.text()),
)
fields = st.dictionaries(st.text(), anything, max_size=5)


def parse_values(line: str) -> list[str]:
    """What a reader of quoted values finds after the event name."""
    values, rest = [], line.split(" ", 3)[3]
    while rest:
        key, _, rest = rest.partition("=")
        if rest.startswith('"'):
            value, length = json.JSONDecoder().raw_decode(rest)
            rest = rest[length:].removeprefix(" ")
        else:
            value, _, rest = rest.partition(" ")
        values.append(f"{key}={value}")
    return values


def test_text_line_reads_time_level_event_fields() -> None:
    line = text_line(TIME, "INFO", "task.assigned", {"task": "t1", "attempt": 2, "exclusive": False, "note": None})

    assert line == "2026-01-02T03:04:05.678+00:00 INFO task.assigned task=t1 attempt=2 exclusive=false note=null"


@given(event=st.text(), named=fields)
def test_text_line_is_one_inert_line(event: str, named: dict[str, Any]) -> None:
    assert text_line(TIME, "INFO", event, named).isprintable()


@given(values=st.lists(st.text(alphabet=st.characters(max_codepoint=0xFFFF, exclude_categories=["Cs"]))))
def test_no_value_can_pass_for_another_field(values: list[str]) -> None:
    named = {f"k{index}": value for index, value in enumerate(values)}
    line = text_line(TIME, "INFO", "event", named)

    assert parse_values(line + " ") == [f"{key}={value}" for key, value in named.items()]


@given(event=st.text(), named=fields)
def test_json_line_is_one_strict_json_object(event: str, named: dict[str, Any]) -> None:
    line = json_line(TIME, "INFO", event, named)

    parsed = json.loads(line, parse_constant=lambda text: pytest.fail(f"{text} is not JSON"))
    assert line.isascii()
    assert line.isprintable()
    assert (parsed["level"], parsed["event"]) == ("INFO", as_text(event))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Hostile(), "<unprintable Hostile>"),
        (ValueError("bad"), "ValueError: bad"),
        (Colour.RED, "red"),
        (TIME, "2026-01-02T03:04:05.678901+00:00"),
        (math.nan, "nan"),
    ],
)
def test_value_is_described_by_what_it_is(value: object, text: str) -> None:
    assert as_text(value) == text


def test_long_value_is_cut_and_says_so() -> None:
    assert as_text("x" * 5_000) == "x" * 4_000 + "…(+1000)"
