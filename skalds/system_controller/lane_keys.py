"""The keys of lanes, remembered: a lane's number and key never change.

What is forgotten costs one question more: whoever tells of a run calls `learn` first, then takes the run in at once.
"""

from collections.abc import Iterable, Iterator, Mapping

from skalds.model.lane import LaneKey
from skalds.ports.lane_board import LaneBoard

UNKNOWN = LaneKey(tenant="default", class_name="")
"""What a run is counted as whose lane is not known: it never waited here."""


class LaneKeys(Mapping[int, LaneKey]):
    """Number → key, for the lanes that were asked for; reading never waits, `learn` does."""

    def __init__(self, board: LaneBoard) -> None:
        self._board = board
        self._keys: dict[int, LaneKey] = {}

    async def learn(self, lanes: Iterable[int]) -> None:
        """Makes sure that these lanes are known, as far as the store knows them."""
        asked = {lane for lane in lanes if lane}
        known = {lane: self._keys[lane] for lane in asked if lane in self._keys}
        if len(known) < len(asked):
            found = await self._board.keys(asked - known.keys())
            # What was known may have been forgotten meanwhile, and the caller relies on all of it.
            self._keys |= known | dict(found)

    def note(self, lane: int, key: LaneKey) -> None:
        """Remembers a key that came with something else."""
        self._keys[lane] = key

    def keep_only(self, lanes: Iterable[int]) -> None:
        """Forgets all others."""
        self._keys = {lane: self._keys[lane] for lane in lanes if lane in self._keys}

    def __getitem__(self, lane: int) -> LaneKey:
        return self._keys[lane]

    def __iter__(self) -> Iterator[int]:
        return iter(self._keys)

    def __len__(self) -> int:
        return len(self._keys)
