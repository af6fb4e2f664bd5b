"""What is known of lanes: their keys, how many tasks wait in each, and why."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple, Protocol

from skalds.model.lane import LaneKey
from skalds.model.plan import WaitReason


class LaneCount(NamedTuple):
    """How many tasks of a lane wait: `ready` could run now; `waiting` are all of them, timers and dependants too."""

    key: LaneKey
    ready: int
    waiting: int
    reason: WaitReason | None


class LaneBoard(Protocol):
    """A lane's number and key never change, and its number is never given to another; counts follow the rows."""

    async def keys(self, lanes: Iterable[int]) -> Mapping[int, LaneKey]:
        """The keys of these lanes; unknown numbers are left out."""
        ...

    async def backlog(self) -> Sequence[LaneCount]:
        """Every lane in which something waits. Costs by lanes, not by tasks."""
        ...

    async def queued_by(self, tenant: str) -> int:
        """How many tasks of a tenant wait."""
        ...

    async def note_reasons(self, reasons: Mapping[int, WaitReason | None]) -> None:
        """Keeps why a lane waits, for `reasons`."""
        ...

    async def reasons(self, keys: Sequence[LaneKey]) -> Mapping[LaneKey, WaitReason | None]:
        """The kept reasons of these lanes; unknown lanes are left out."""
        ...
