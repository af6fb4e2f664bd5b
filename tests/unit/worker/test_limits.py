"""What user code hands over is cut or refused at the limits of the design."""

import math
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skalds.ports.worker_launcher import Progressed
from skalds.worker.baseclass import run_main_handler
from skalds.worker.plain_json import LARGEST_VALUE, NotStorable, plain_json
from skalds.worker.run_error import LARGEST_ERROR, describe_error
from tests.unit.worker.worker_builders import Data, Recorder, run_task


@dataclass
class Point:
    """A dataclass as a result."""

    x: int


def test_a_value_of_exactly_the_limit_is_kept() -> None:
    value = "x" * (LARGEST_VALUE - 2)
    assert plain_json("result", value) == value
    with pytest.raises(NotStorable, match="262145 bytes"):
        plain_json("result", value + "x")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, None),
        (Data(number=3), {"number": 3}),
        (Point(4), {"x": 4}),
        ({"when": datetime(2026, 1, 2, tzinfo=UTC)}, {"when": "2026-01-02T00:00:00+00:00"}),
        ({1: (2, 3)}, {"1": [2, 3]}),
        (math.nan, None),
    ],
)
def test_usual_values_become_json(value: Any, expected: Any) -> None:
    assert plain_json("result", value) == expected


@pytest.mark.parametrize("value", [{1, 2}, object(), 2**63, -(2**63) - 1, [2**64], {"a\0b": 1}, "\ud800", b"bytes"])
def test_what_no_store_takes_is_refused(value: Any) -> None:
    with pytest.raises(NotStorable, match="The result"):
        plain_json("result", value)


def test_a_value_that_contains_itself_is_refused() -> None:
    value: list[Any] = []
    value.append(value)
    with pytest.raises(NotStorable):
        plain_json("result", value)


@given(st.text(), st.integers(1, 30_000))
def test_no_error_is_larger_than_its_limit(text: str, times: int) -> None:
    error = describe_error(RuntimeError(text * times))
    assert len(orjson.dumps(error.model_dump())) <= LARGEST_ERROR


def test_of_a_long_traceback_the_end_is_kept() -> None:
    def dig(depth: int) -> None:
        if depth == 0:
            raise ValueError("bottom " + "y" * 20_000)
        [dig, len][0](depth - 1)  # type: ignore[operator]

    with pytest.raises(ValueError, match="bottom") as caught:
        dig(300)
    error = describe_error(caught.value)
    assert error.message.startswith("bottom y")
    assert error.traceback.endswith("y\n")


def test_an_exception_that_cannot_be_printed_is_still_reported() -> None:
    class Unprintable(Exception):
        def __str__(self) -> str:
            raise RuntimeError("no text")

    assert describe_error(Unprintable()).message == "<Unprintable without a readable message>"


def test_an_exception_without_text_is_named() -> None:
    assert describe_error(KeyError()).message == "KeyError"


def test_progress_is_clamped_and_its_message_cut() -> None:
    class Talkative(Recorder):
        @run_main_handler
        def main(self) -> None:
            self.progress(7, "x" * 5000 + "\ud800")

    [progress] = [event for event in run_task(Talkative()).events if isinstance(event, Progressed)]
    assert (progress.fraction, progress.message) == (1.0, "x" * 1000)


def test_progress_without_a_number_is_an_error_of_the_caller() -> None:
    with pytest.raises(ValueError, match="NaN"):
        Recorder().progress(math.nan)


def test_a_checkpoint_that_is_too_large_is_an_error_of_the_caller() -> None:
    with pytest.raises(NotStorable, match="The checkpoint"):
        Recorder().checkpoint("x" * 300_000)
