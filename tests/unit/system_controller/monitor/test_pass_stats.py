"""What is told of passes: the last one, rates over a minute, percentiles."""

import pytest

from skalds.model.plan import WaitReason
from skalds.system_controller.monitor.pass_stats import PassReport, PassStats, counts_of

FULL = WaitReason.NO_FREE_SLOT


def a_report(assigned: int = 0, duration_ms: float = 1.0) -> PassReport:
    return PassReport(1_000, duration_ms, assigned, {})


def test_nothing_is_told_before_the_first_pass() -> None:
    assert PassStats().describe(0) == {
        "assignedTotal": 0,
        "stalledTotal": 0,
        "assignedPerSecond": 0.0,
        "passMs": None,
        "waitMs": None,
        "lastPass": None,
    }


def test_last_pass_is_told_with_the_lanes_that_wait() -> None:
    stats = PassStats()
    stats.finish(PassReport(1_000, 1.23456, 2, counts_of({FULL: 2, WaitReason.PINNED: 1, WaitReason.KEY_LIMIT: 0})), 0)

    assert stats.describe(0)["lastPass"] == {
        "at": 1_000,
        "durationMs": 1.235,
        "assigned": 2,
        "waitingLanes": {"no_free_slot": 2, "pinned": 1},
    }


def test_rate_is_over_the_last_minute_and_the_total_over_all_time() -> None:
    stats = PassStats()
    stats.finish(a_report(600), 0)
    stats.finish(a_report(30), 50)

    assert (stats.describe(60)["assignedPerSecond"], stats.describe(61)["assignedPerSecond"]) == (10.5, 0.5)
    assert stats.describe(1_000)["assignedTotal"] == 630


@pytest.mark.parametrize(("count", "p50", "p99"), [(1, 0, 0), (2, 1, 1), (100, 50, 99), (1_000, 500, 990)])
def test_percentiles_are_those_of_what_is_kept(count: int, p50: int, p99: int) -> None:
    stats = PassStats()
    stats.note_waits(reversed(range(count)))
    for duration in range(count):
        stats.finish(a_report(duration_ms=duration), 0)

    assert stats.describe(0)["waitMs"] == stats.describe(0)["passMs"] == {"p50": p50, "p99": p99}


def test_what_is_kept_is_bounded() -> None:
    stats = PassStats()
    stats.note_waits([1_000_000] * 10_000)
    stats.note_waits([1] * 10_000)
    for duration in [1_000_000] * 1_000 + [1] * 1_000:
        stats.finish(a_report(1, duration), 0)

    assert stats.describe(0)["waitMs"] == stats.describe(0)["passMs"] == {"p50": 1, "p99": 1}
