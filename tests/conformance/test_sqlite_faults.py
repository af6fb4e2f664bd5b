"""What the engine makes of a file that cannot be written, and of leaders that are known to be dead."""

from pathlib import Path

import apsw
import pytest

from skalds.adapters.sqlite.engine import SqliteEngine
from skalds.errors import StoreUnavailable
from skalds.model.lease import Duty
from skalds.testing import FakeClock, a_task


async def _open(path: Path, *, holds_lock: bool = False) -> SqliteEngine:
    return await SqliteEngine.open(path / "data", FakeClock(), role="controller", holds_lock=holds_lock)


async def test_a_store_that_turns_read_only_refuses_writes_and_heals_when_it_turns_back(tmp_path: Path) -> None:
    engine = await _open(tmp_path)

    async def read_only(on: bool) -> None:
        def switch(connection: apsw.Connection) -> None:
            connection.pragma("query_only", on)

        await engine._connection.alone(switch)

    await read_only(True)
    with pytest.raises(StoreUnavailable, match=r"skalds\.db"):
        await engine.intake.submit([a_task(id="refused")])
    assert await engine.catalog.get("refused") is None

    await read_only(False)
    await engine.intake.submit([a_task(id="taken")])
    assert await engine.catalog.get("refused") is None
    assert await engine.catalog.get("taken") is not None
    await engine.close()


async def test_whoever_holds_the_lock_finds_every_lease_free_and_its_term_still_grows(tmp_path: Path) -> None:
    dead = await _open(tmp_path)
    left = await dead.leases.take(Duty.DISPATCHER, "dead", None, 1)
    assert left is not None
    await dead.close()

    engine = await _open(tmp_path, holds_lock=True)

    seen = await engine.leases.read(Duty.DISPATCHER)
    assert seen == left._replace(holder="")
    taken = await engine.leases.take(Duty.DISPATCHER, "new", seen, 1)
    assert taken is not None
    assert taken.term == left.term + 1
    assert await engine.leases.renew(left, 1) is None
    await engine.close()


async def test_without_the_lock_a_lease_stays_with_its_holder(tmp_path: Path) -> None:
    first = await _open(tmp_path)
    held = await first.leases.take(Duty.MONITOR, "first", None, 1)

    second = await _open(tmp_path)

    assert await second.leases.read(Duty.MONITOR) == held
    await second.close()
    await first.close()
