"""What passes did lately: the last one, rates and percentiles."""

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from skalds.model.lease import LeaseRow
from skalds.model.plan import WaitReason

_PASSES_KEPT = 1_000
_WAITS_KEPT = 10_000
_RATE_OVER_S = 60.0


@dataclass(slots=True)
class PassUnderWay:
    """A pass while it is made; `at` is wall ms, `began` monotonic s, `refused` the ids of tasks that were gone."""

    lease: LeaseRow
    at: int
    began: float
    assigned: int = 0
    refused: set[str] = field(default_factory=set)

    @property
    def progress(self) -> int:
        """How many tasks it gave away or found gone."""
        return self.assigned + len(self.refused)


@dataclass(frozen=True, slots=True)
class PassReport:
    """What one pass did: its beginning (wall ms), duration, tasks given away, and lanes left waiting by reason."""

    at: int
    duration_ms: float
    assigned: int
    waiting: Mapping[str, int]

    def describe(self) -> dict[str, Any]:
        """For status and metrics."""
        return {
            "at": self.at,
            "durationMs": round(self.duration_ms, 3),
            "assigned": self.assigned,
            "waitingLanes": dict(self.waiting),
        }


class PassStats:
    """A bounded memory of passes; percentiles are over what is kept, rates over the last minute."""

    def __init__(self) -> None:
        self.last: PassReport | None = None
        self.assigned_total = 0
        self.stalled_total = 0
        self._durations: deque[float] = deque(maxlen=_PASSES_KEPT)
        self._waits: deque[int] = deque(maxlen=_WAITS_KEPT)
        self._assigned: deque[tuple[float, int]] = deque(maxlen=_PASSES_KEPT)

    def note_waits(self, waits: Iterable[int]) -> None:
        """For how long (ms) tasks had been eligible when they were given away."""
        self._waits.extend(waits)

    def finish(self, report: PassReport, now: float) -> None:
        """A pass ended at `now` (monotonic s)."""
        self.last = report
        self.assigned_total += report.assigned
        self._durations.append(report.duration_ms)
        if report.assigned:
            self._assigned.append((now, report.assigned))

    def describe(self, now: float) -> dict[str, Any]:
        """For the status; None where there is nothing yet."""
        recent = sum(count for at, count in self._assigned if now - at <= _RATE_OVER_S)
        return {
            "assignedTotal": self.assigned_total,
            "stalledTotal": self.stalled_total,
            "assignedPerSecond": round(recent / _RATE_OVER_S, 3),
            "passMs": _percentiles(self._durations),
            "waitMs": _percentiles(self._waits),
            "lastPass": self.last and self.last.describe(),
        }


def counts_of(reasons: Mapping[WaitReason, int]) -> Mapping[str, int]:
    """How many lanes wait for each reason, by its name on the wire."""
    return {reason.value: count for reason, count in reasons.items() if count}


def _percentiles(values: Sequence[float]) -> dict[str, float] | None:
    if not values:
        return None
    ordered = sorted(values)
    return {name: round(ordered[min(len(ordered) - 1, len(ordered) * part // 100)], 3) for name, part in _PARTS}


_PARTS = (("p50", 50), ("p99", 99))
