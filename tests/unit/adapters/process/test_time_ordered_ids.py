"""Identifiers that sort by the time they were made."""

import re
from uuid import UUID

from skalds.adapters.process.system_clock import SystemClock
from skalds.adapters.process.time_ordered_ids import TimeOrderedIds
from skalds.testing import FakeClock


def test_ids_are_uuids_of_version_7() -> None:
    id_ = TimeOrderedIds(SystemClock()).new()
    assert re.fullmatch(r"[0-9a-f-]{36}", id_)
    assert UUID(id_).version == 7
    assert UUID(id_).variant == "specified in RFC 4122"


def test_ids_grow_even_within_one_millisecond() -> None:
    ids = TimeOrderedIds(FakeClock())
    made = [ids.new() for _ in range(20_000)]
    assert made == sorted(set(made))


def test_ids_grow_when_the_clock_steps_back() -> None:
    clock = FakeClock()
    ids = TimeOrderedIds(clock)
    first = ids.new()
    clock.jump_wall(-3_600_000)
    assert ids.new() > first


def test_ids_of_two_processes_differ() -> None:
    clock = FakeClock()
    assert TimeOrderedIds(clock).new() != TimeOrderedIds(clock).new()


def test_id_begins_with_the_time() -> None:
    clock = FakeClock()
    assert int(TimeOrderedIds(clock).new().replace("-", "")[:12], 16) == clock.wall_ms()
