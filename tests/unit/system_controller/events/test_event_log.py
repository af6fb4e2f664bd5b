"""The log keeps the latest events within bounds and knows who can resume."""

import pytest

from skalds.system_controller.events.event_log import Event, EventLog


def a_log(*numbers: int, most_events: int = 100, most_bytes: int = 10_000) -> EventLog:
    log = EventLog("e", most_events, most_bytes)
    for number in numbers:
        log.append(Event("ab"[number % 2], b"x" * 10, number))
    return log


def numbers(log: EventLog, since: int, key: str | None = None) -> list[int | None]:
    return [event.number for event in log.since(since, key)]


def test_what_came_after_a_number_is_returned_in_order() -> None:
    assert numbers(a_log(3, 5, 8, 9), 5) == [8, 9]


def test_a_number_between_two_events_counts_too() -> None:
    log = a_log(3, 5, 8)

    assert (log.number_of("e-6"), numbers(log, 6)) == (6, [8])


def test_only_what_is_about_one_key_is_returned() -> None:
    assert numbers(a_log(1, 2, 3, 4, 5), 1, "b") == [3, 5]


@pytest.mark.parametrize("bounds", [{"most_events": 2}, {"most_bytes": 25}])
def test_beyond_its_bounds_the_oldest_are_forgotten(bounds: dict[str, int]) -> None:
    log = a_log(1, 2, 5, 9, **bounds)

    assert (len(log), log.number_of("e-1"), log.number_of("e-2"), numbers(log, 2)) == (2, None, 2, [5, 9])


@pytest.mark.parametrize(
    "event_id", ["", "e", "e-", "-3", "f-3", "e-3x", "e-+3", "e-٣", "e-" + "9" * 19, "e-99", "e-3\n"]
)
def test_any_other_text_is_no_place_to_resume(event_id: str) -> None:
    assert a_log(3).number_of(event_id) is None


@pytest.mark.parametrize("number", [None, 3, 2])
def test_numbers_only_grow(number: int | None) -> None:
    with pytest.raises(ValueError, match="does not follow 3"):
        a_log(3).append(Event("a", b"", number))


def test_numbers_nothing_is_told_of_can_be_resumed_from() -> None:
    log = a_log(3)
    log.advance(7)
    log.advance(5)

    assert (log.position, log.number_of("e-7"), log.number_of("e-8")) == (7, 7, None)


def test_after_a_restart_nobody_resumes_from_before() -> None:
    log = a_log(3, 4)
    log.restart(9)

    assert (log.number_of("e-4"), log.number_of("e-9"), log.id_of(9), len(log)) == (None, 9, "e-9", 0)


def test_numbers_that_begin_anew_do_so_under_another_epoch() -> None:
    log = a_log(3, 9)
    log.restart(4)

    assert log.id_of(5) == "e.1-5"
    assert log.number_of("e-4") is None
    assert log.number_of("e.1-4") == 4
