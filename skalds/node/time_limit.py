"""How long a run may still go on."""

from dataclasses import dataclass


@dataclass(slots=True)
class TimeLimit:
    """The seconds that are left of a run's limit, None without one; they pass only while the run is not suspended."""

    left: float | None
    since: float | None

    @classmethod
    def begun(cls, timeout_ms: int, now: float) -> "TimeLimit":
        """The limit of a run that starts at `now` (monotonic s); 0 ms is no limit."""
        return cls(timeout_ms / 1000 if timeout_ms else None, now)

    @property
    def ends_at(self) -> float | None:
        """When (monotonic s) the limit is reached if nothing changes before."""
        return None if self.left is None or self.since is None else self.since + self.left

    def suspend(self, now: float) -> None:
        """No time passes from `now` on."""
        if self.left is not None and self.since is not None:
            self.left -= now - self.since
        self.since = None

    def resume(self, now: float) -> None:
        """Time passes again."""
        self.since = now
