"""While one round is being committed the next is planned; whatever becomes of either, nothing is lost or doubled."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from skalds.errors import LeaseLost, StoreUnavailable
from skalds.model.lease import Duty
from skalds.model.snapshot import QueuedTask
from skalds.planning import lifecycle
from skalds.planning.dispatch import plan_dispatch
from skalds.system_controller.monitor import dispatcher, ready_lanes, snapshot_reader
from skalds.system_controller.usage import Load
from tests.unit.system_controller.monitor.ports_with_faults import BusWithFaults, QueueWithFaults
from tests.unit.system_controller.world import Replica, World

pytestmark = pytest.mark.usefixtures("events")

TASKS = [f"t{number}" for number in range(6)]


@pytest.fixture
def plans(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The tasks of each plan that is made, two at most."""
    made: list[list[str]] = []

    def noting(*arguments: Any) -> Any:
        plan = plan_dispatch(*arguments)
        made.append([assign.task_id for assign in plan.assignments])
        return plan

    monkeypatch.setattr(dispatcher, "plan_dispatch", noting)
    monkeypatch.setattr(ready_lanes, "ROUND_LIMIT", 2)
    monkeypatch.setattr(snapshot_reader, "ROUND_LIMIT", 2)
    return made


@pytest.fixture
async def session(world: World, replica: Replica, plans: list[list[str]]) -> int:
    """A node without limits, six tasks, and a leader that has seen them."""
    session = await world.join("n1", slots=0)
    await world.submit(*TASKS)
    await replica.observe()
    return session


async def test_next_round_is_planned_while_the_first_is_committed(
    world: World, replica: Replica, queue: QueueWithFaults, plans: list[list[str]], session: int, bus: BusWithFaults
) -> None:
    gate = asyncio.Event()
    queue.before_claim = gate.wait
    passing = asyncio.create_task(replica.dispatcher._dispatch_tasks())
    await world.clock.settle()
    assert (plans, len(queue.claims), bus.sent) == ([["t0", "t1"], ["t2", "t3"]], 1, [])

    gate.set()

    assert await passing == 6
    assert plans[:3] == [["t0", "t1"], ["t2", "t3"], ["t4", "t5"]]
    assert bus.told == {"n1": TASKS}
    assert replica.cluster.live_runs.load_of("n1", session) == Load(6, 6)


async def test_one_commit_is_under_way_at_a_time(
    world: World, replica: Replica, queue: QueueWithFaults, session: int
) -> None:
    under_way, most = 0, 0

    async def count() -> None:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        await asyncio.sleep(0)
        under_way -= 1

    queue.before_claim = count

    assert await replica.dispatcher._dispatch_tasks() == 6
    assert most == 1


async def test_task_of_the_first_round_that_was_gone_costs_the_others_nothing(
    world: World, replica: Replica, queue: QueueWithFaults, session: int, bus: BusWithFaults
) -> None:
    async def cancel_one() -> None:
        if len(queue.claims) == 1:
            await world.move("t1", lifecycle.cancel)

    queue.before_claim = cancel_one

    assert await replica.dispatcher._dispatch_tasks() == 5
    assert bus.told == {"n1": [name for name in TASKS if name != "t1"]}
    assert replica.cluster.live_runs.load_of("n1", session) == Load(5, 5)


async def test_what_was_planned_behind_a_lost_lease_is_not_committed(
    world: World, replica: Replica, queue: QueueWithFaults, plans: list[list[str]], session: int, bus: BusWithFaults
) -> None:
    async def replaced() -> None:
        await world.engine.leases.take(Duty.DISPATCHER, "other", replica.dispatching.lease, 0)

    queue.before_claim = replaced
    with pytest.raises(LeaseLost):
        await replica.dispatcher._dispatch_tasks()

    assert (len(plans), len(queue.claims), bus.sent) == (2, 1, [])
    assert set(await world.statuses(*TASKS)) == {"Created"}
    assert (len(replica.cluster.live_runs), replica.cluster.live_runs.settling.locked()) == (0, False)


async def test_commit_of_unknown_end_is_settled_before_the_next_one_begins(
    world: World, replica: Replica, queue: QueueWithFaults, session: int, bus: BusWithFaults
) -> None:
    queue.answer_is_lost = True

    assert await replica.dispatcher._dispatch_tasks() == 6
    assert queue.read_back == [claim.id for claim in queue.claims]
    assert bus.told == {"n1": TASKS}


async def test_commit_is_announced_though_the_next_round_could_not_be_planned(
    world: World,
    replica: Replica,
    queue: QueueWithFaults,
    session: int,
    bus: BusWithFaults,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    gate = asyncio.Event()
    heads = queue.heads

    async def something_new() -> None:
        replica.dispatcher.follow([])
        monkeypatch.setattr(queue, "heads", fail)
        await gate.wait()

    async def fail(limits: Mapping[int, int]) -> Mapping[int, Sequence[QueuedTask]]:
        raise StoreUnavailable

    queue.before_claim = something_new
    passing = asyncio.create_task(replica.dispatcher._dispatch_tasks())
    await world.clock.settle()
    gate.set()
    with pytest.raises(StoreUnavailable):
        await passing
    assert bus.told == {"n1": ["t0", "t1"]}
    assert replica.cluster.live_runs.load_of("n1", session) == Load(2, 2)
    assert not replica.cluster.live_runs.settling.locked()

    monkeypatch.setattr(queue, "heads", heads)
    queue.before_claim = _nothing

    assert await replica.dispatcher._dispatch_tasks() == 4
    assert bus.told == {"n1": TASKS}


async def _nothing() -> None:
    return


async def test_pass_that_is_cancelled_leaves_no_reservation_open(
    world: World, replica: Replica, queue: QueueWithFaults, session: int
) -> None:
    queue.before_claim = asyncio.Event().wait
    passing = asyncio.create_task(replica.dispatcher._dispatch_tasks())
    await world.clock.settle()
    passing.cancel()
    await asyncio.wait([passing])

    assert passing.cancelled()
    assert (len(replica.cluster.live_runs), replica.cluster.live_runs.settling.locked()) == (0, False)
