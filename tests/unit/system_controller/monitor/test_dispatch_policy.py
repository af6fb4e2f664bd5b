"""What may be set of the dispatcher at run time, as text and back."""

from datetime import timedelta
from typing import Any

import pytest

from skalds.errors import ValidationFailed
from skalds.system_controller.monitor.dispatch_policy import (
    INTERVAL_KEY,
    LONGEST_INTERVAL_S,
    PAUSED_KEY,
    STRATEGY_KEY,
    DispatchPolicy,
    parse_changes,
)

STRATEGIES = ["ONE", "OTHER"]
CONFIGURED = DispatchPolicy("ONE", timedelta(seconds=5), "argument", "environment")

WRONG: dict[str, list[Any]] = {
    "strategy": ["FASTEST", "", 1, True, ["ONE"]],
    "interval": [0, -1, LONGEST_INTERVAL_S + 1, 1.5, "5", True],
    "paused": ["true", 0, 1, {}],
}


def test_what_is_given_becomes_text_and_what_is_not_is_left_alone() -> None:
    assert parse_changes({"strategy": "other", "interval": 7}, STRATEGIES) == {STRATEGY_KEY: "OTHER", INTERVAL_KEY: "7"}
    assert parse_changes({"paused": True}, STRATEGIES) == {PAUSED_KEY: "true"}
    assert parse_changes({}, STRATEGIES) == {}


def test_none_takes_the_setting_away() -> None:
    changes = parse_changes({"strategy": None, "interval": None, "paused": None}, STRATEGIES)

    assert changes == {STRATEGY_KEY: None, INTERVAL_KEY: None, PAUSED_KEY: None}


@pytest.mark.parametrize(
    ("field", "value"),
    [(field, value) for field, values in WRONG.items() for value in values],
)
def test_wrong_values_are_refused_by_name(field: str, value: Any) -> None:
    with pytest.raises(ValidationFailed) as raised:
        parse_changes({field: value}, STRATEGIES)

    assert [problem.field for problem in raised.value.problems] == [field]


def test_every_wrong_field_is_named() -> None:
    with pytest.raises(ValidationFailed) as raised:
        parse_changes({"strategy": "FASTEST", "interval": 0, "paused": "no"}, STRATEGIES)

    assert [problem.field for problem in raised.value.problems] == ["strategy", "interval", "paused"]


@pytest.mark.parametrize("value", [1, LONGEST_INTERVAL_S])
def test_shortest_and_longest_interval_are_allowed(value: int) -> None:
    assert parse_changes({"interval": value}, STRATEGIES) == {INTERVAL_KEY: str(value)}


def test_what_was_set_at_run_time_wins_and_says_so() -> None:
    policy = CONFIGURED.overlaid({STRATEGY_KEY: "OTHER", INTERVAL_KEY: "60", PAUSED_KEY: "true"}, STRATEGIES)

    assert policy == DispatchPolicy("OTHER", timedelta(seconds=60), "runtime", "runtime", True, "runtime")


def test_what_was_not_set_stays_as_configured() -> None:
    assert CONFIGURED.overlaid({}, STRATEGIES) == CONFIGURED
    assert CONFIGURED.overlaid({PAUSED_KEY: "false"}, STRATEGIES).strategy_source == "argument"


@pytest.mark.parametrize("stored", [{STRATEGY_KEY: "FROM_THE_FUTURE"}, {INTERVAL_KEY: "soon"}, {"other.key": "1"}])
def test_what_this_version_does_not_know_is_left_out(stored: dict[str, str]) -> None:
    assert CONFIGURED.overlaid(stored, STRATEGIES) == CONFIGURED


@pytest.mark.parametrize("stored", ["0", str(LONGEST_INTERVAL_S + 1), "9" * 5_000, "-5", "1.5", ""])
def test_a_stored_interval_that_could_not_have_been_set_is_left_out(stored: str) -> None:
    assert CONFIGURED.overlaid({INTERVAL_KEY: stored}, STRATEGIES) == CONFIGURED


@pytest.mark.parametrize("seconds", [1, LONGEST_INTERVAL_S])
def test_the_longest_and_shortest_interval_are_obeyed(seconds: int) -> None:
    assert CONFIGURED.overlaid({INTERVAL_KEY: str(seconds)}, STRATEGIES).interval == timedelta(seconds=seconds)
