"""Entries of the queue stay when their tasks are given away, and nobody sees them but who looks into the file."""

import random
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import apsw
import pytest

from skalds.adapters.sqlite import claim
from skalds.adapters.sqlite.engine import SqliteEngine
from skalds.adapters.sqlite.select import column, one, rows
from skalds.model.lease import Duty
from skalds.model.task import Task, TaskLifecycleStatus
from skalds.testing import FakeClock, a_task
from skalds.testing.builders import A_MOMENT
from skalds.testing.conformance.steps import ALL, a_claim, assigned, lead, ready_ids, to

ENOUGH = claim.ENOUGH_LEFT_OVER

# What each lane should offer, by the rows alone.
READY_ROWS = """
    SELECT run.lane, run.rank, task.id, run.attempt FROM run JOIN task ON task.seq = run.seq
    WHERE run.place = 1 ORDER BY 1, 2, 3
"""


@pytest.fixture
async def engine(tmp_path: Path) -> AsyncIterator[SqliteEngine]:
    engine = await _open(tmp_path)
    yield engine
    await engine.close()


async def _open(folder: Path, ageing_step_ms: int = 60_000) -> SqliteEngine:
    return await SqliteEngine.open(folder / "data", FakeClock(), ageing_step_ms=ageing_step_ms, role="controller")


def _file(folder: Path) -> apsw.Connection:
    return apsw.Connection(str(folder / "data" / "skalds.db"))


def _entries(folder: Path) -> list[str]:
    """The ids of all entries, also those that are left over."""
    return column(_file(folder), "SELECT id FROM queue ORDER BY lane, rank, id")


def _left_over(folder: Path) -> list[tuple[int, int | None]]:
    return [(count, to) for count, to in rows(_file(folder), "SELECT left_over, left_over_to FROM lane_state")]


def _some(count: int, first: int = 0) -> list[Task]:
    return [a_task(id=f"t{number:03}", eligible_at=A_MOMENT - 1_000 + number) for number in range(first, first + count)]


async def _give(engine: SqliteEngine, tasks: Sequence[Task]) -> Sequence[Task]:
    lease = await lead(engine)
    assert len(await engine.queue.claim([await a_claim(engine, tasks)], lease)) == len(tasks)
    return await engine.catalog.get_many([task.id for task in tasks])


async def test_few_are_left_over_and_not_seen(engine: SqliteEngine, tmp_path: Path) -> None:
    tasks = await engine.intake.submit(_some(ENOUGH + 5))
    await _give(engine, tasks[: ENOUGH - 1])
    assert await ready_ids(engine) == [task.id for task in tasks[ENOUGH - 1 :]]
    assert _entries(tmp_path) == [task.id for task in tasks]
    assert _left_over(tmp_path) == [(ENOUGH - 1, tasks[ENOUGH - 2].eligible_at)]


async def test_enough_of_a_lane_are_swept_at_once_and_no_other_entry(engine: SqliteEngine, tmp_path: Path) -> None:
    tasks = await engine.intake.submit(_some(2 * ENOUGH))
    # The first stays: what is swept are not simply the first of the lane.
    await _give(engine, tasks[1 : ENOUGH - 1])
    await _give(engine, tasks[ENOUGH - 1 : ENOUGH + 1])
    assert _entries(tmp_path) == [tasks[0].id, *(task.id for task in tasks[ENOUGH + 1 :])]
    assert await ready_ids(engine) == _entries(tmp_path)
    assert _left_over(tmp_path) == [(0, None)]


async def test_other_lanes_are_left_alone(engine: SqliteEngine, tmp_path: Path) -> None:
    others = await engine.intake.submit([a_task(id="other", tenant="other"), a_task(id="waits", tenant="other")])
    tasks = await engine.intake.submit(_some(ENOUGH))
    await _give(engine, others[:1])
    await _give(engine, tasks)
    assert _entries(tmp_path) == ["other", "waits"]
    assert await ready_ids(engine) == ["waits"]


async def test_task_that_comes_back_to_its_entry_is_seen_once(engine: SqliteEngine, tmp_path: Path) -> None:
    tasks = await engine.intake.submit(_some(3))
    given = await _give(engine, tasks)
    back = to(given[1], TaskLifecycleStatus.CREATED, executor=None, assignment=None, released_at=9)
    assert await engine.ledger.write([back], durable=True) == [True]
    [lane] = await engine.queue.lanes()
    [head] = (await engine.queue.heads({lane.id: ALL}))[lane.id]
    assert (head.id, head.attempt) == (given[1].id, 1)
    assert _entries(tmp_path) == [task.id for task in tasks]


async def test_task_that_comes_back_elsewhere_leaves_its_entry_behind(engine: SqliteEngine, tmp_path: Path) -> None:
    [task] = await assigned(engine, *_some(1))
    later = task.eligible_at + 500
    back = to(task, TaskLifecycleStatus.CREATED, executor=None, assignment=None, released_at=9, eligible_at=later)
    assert await engine.ledger.write([back], durable=True) == [True]
    [lane] = await engine.queue.lanes()
    heads = (await engine.queue.heads({lane.id: ALL}))[lane.id]
    assert [(head.rank, head.id) for head in heads] == [(later, task.id)]
    assert len(_entries(tmp_path)) == 2


async def test_lane_with_nothing_but_what_is_left_over_is_not_listed(engine: SqliteEngine) -> None:
    await assigned(engine, *_some(2))
    assert await engine.queue.lanes() == []


async def test_number_of_a_forgotten_task_is_not_given_again(engine: SqliteEngine, tmp_path: Path) -> None:
    """Else the entry that is left over would show the old task as ready, which nobody could claim."""
    [task] = await assigned(engine, *_some(1))
    over = to(task, TaskLifecycleStatus.CANCELLED, final=True, released_at=9)
    assert await engine.ledger.write([over], durable=True) == [True]
    monitor = await lead(engine, Duty.MONITOR)
    assert await engine.retention.forget_ended(2 * A_MOMENT, 0, 10, monitor) == 1
    await engine.intake.submit([a_task(id="new", eligible_at=task.eligible_at)])
    assert one(_file(tmp_path), "SELECT seq FROM task") == 2
    assert await ready_ids(engine) == ["new"]


async def test_forgotten_lane_leaves_no_entry(engine: SqliteEngine, tmp_path: Path) -> None:
    await engine.intake.submit([a_task(id="stays", tenant="other")])
    [task] = await assigned(engine, *_some(1))
    over = to(task, TaskLifecycleStatus.CANCELLED, final=True, released_at=9)
    assert await engine.ledger.write([over], durable=True) == [True]
    forgotten = await engine.retention.forget_leftovers(0, await lead(engine, Duty.MONITOR))
    assert forgotten.lanes == 1
    assert _entries(tmp_path) == ["stays"]
    assert len(_left_over(tmp_path)) == 1


async def test_new_ageing_step_leaves_nothing_over(engine: SqliteEngine, tmp_path: Path) -> None:
    tasks = await engine.intake.submit(_some(3))
    await _give(engine, tasks[:2])
    await engine.close()
    again = await _open(tmp_path, ageing_step_ms=1_000)
    assert _entries(tmp_path) == [tasks[2].id]
    assert _left_over(tmp_path) == [(0, None)]
    await again.close()


@pytest.mark.parametrize("seed", range(5))
async def test_whatever_happens_lanes_offer_what_the_rows_say(
    engine: SqliteEngine, tmp_path: Path, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = claim.TAKE_ORDERS.replace(f"left_over >= {ENOUGH}", "left_over >= 3")
    assert few != claim.TAKE_ORDERS
    monkeypatch.setattr(claim, "TAKE_ORDERS", few)
    chance = random.Random(seed)
    tenants = [f"tenant-{number}" for number in range(3)]
    await engine.intake.submit(
        [task.model_copy(update={"tenant": chance.choice(tenants)}) for task in _some(40)],
    )
    swept = 0
    for _ in range(40):
        before = len(_entries(tmp_path))
        await _do_something(engine, chance)
        swept += len(_entries(tmp_path)) < before
        await _expect_what_the_rows_say(engine, tmp_path)
    assert swept


async def _do_something(engine: SqliteEngine, chance: random.Random) -> None:
    """Gives some of the ready tasks away, or brings one back, where it was or later."""
    runs, _ = await engine.ledger.live_runs()
    if runs and chance.random() < 0.4:
        [task] = await engine.catalog.get_many([chance.choice(runs).task_id])
        eligible_at = task.eligible_at + chance.choice([0, 7])
        back = to(
            task, TaskLifecycleStatus.CREATED, executor=None, assignment=None, released_at=9, eligible_at=eligible_at
        )
        assert await engine.ledger.write([back], durable=False) == [True]
        return
    ready = await ready_ids(engine)
    chosen = sorted(chance.sample(ready, min(len(ready), chance.randrange(1, 5))))
    await _give(engine, await engine.catalog.get_many(chosen))


async def _expect_what_the_rows_say(engine: SqliteEngine, folder: Path) -> None:
    expected: defaultdict[int, list[tuple[int, str, int]]] = defaultdict(list)
    for lane, *head in rows(_file(folder), READY_ROWS):
        expected[lane].append(tuple(head))
    lanes = [lane.id for lane in await engine.queue.lanes()]
    heads = await engine.queue.heads(dict.fromkeys(lanes, ALL))
    assert {lane: [head[:3] for head in found] for lane, found in heads.items()} == expected
    assert lanes == sorted(expected)
