"""Every version of every task that the store has ever held, and what must be true of them."""

from itertools import groupby, pairwise
from pathlib import Path
from typing import NamedTuple

import apsw

from skalds.planning.lifecycle import LIFE_CYCLE, Stage

VERSIONS = "SELECT id, rev, status, final, attempt, executor, session, holds_slot FROM change ORDER BY id, position"

_MOVES = {(move.source, move.target) for move in LIFE_CYCLE if move.occasion != "requeued"}


class Version(NamedTuple):
    """One committed version of a task's row, as the feed tells it."""

    id: str
    rev: int
    status: str
    final: int
    attempt: int
    executor: str | None
    session: int
    holds_slot: int

    @property
    def stage(self) -> Stage:
        match self.status:
            case "Paused":
                return Stage.PAUSED if self.holds_slot else Stage.PARKED
            case "Failed":
                return Stage.FAILED if self.final else Stage.RETRYING
            case status:
                return Stage(status.lower())


def read_history(database: Path) -> dict[str, list[Version]]:
    """The versions of each task in the order of their commits."""
    connection = apsw.Connection(str(database), flags=apsw.SQLITE_OPEN_READONLY)
    connection.set_busy_timeout(5000)
    try:
        versions = [Version(*row) for row in connection.execute(VERSIONS)]
    finally:
        connection.close()
    return {id_: list(group) for id_, group in groupby(versions, key=lambda version: version.id)}


def check_history(versions: list[Version]) -> None:
    """S3, S6 and S7 for one task that nobody requeued, told only by what was committed."""
    assert versions[0].attempt == 0
    for before, after in pairwise(versions):
        step = f"{before} → {after}"
        assert after.rev == before.rev + 1, f"S3: two writers changed the same version: {step}"
        moved = before.stage != after.stage
        assert not moved or (before.stage, after.stage) in _MOVES, f"S7: {step}"
        started = moved and after.stage is Stage.ASSIGNING
        assert after.attempt == before.attempt + started, f"S3, S7: {step}"
        # No run is assigned before the processes of the one before are gone.
        assert not (started and before.holds_slot), f"S6: {step}"
        if before.final:
            frozen = before._replace(rev=after.rev, holds_slot=after.holds_slot)
            assert after == frozen, f"S6: {step}"
            assert after.holds_slot <= before.holds_slot, f"S6: {step}"
