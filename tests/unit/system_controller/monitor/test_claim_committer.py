"""What was given away is known after every commit, and counted before it."""

import pytest

from skalds.model.lease import Duty, LeaseRow
from skalds.model.plan import Assign
from skalds.system_controller.live_runs import LiveRuns
from skalds.system_controller.monitor.claim_committer import ClaimCommitter
from skalds.system_controller.usage import Load
from tests.unit.system_controller.monitor.ports_with_faults import QueueWithFaults
from tests.unit.system_controller.world import Replica, World

pytestmark = pytest.mark.usefixtures("events")


@pytest.fixture
def live_runs() -> LiveRuns:
    return LiveRuns()


@pytest.fixture
def committer(replica: Replica, live_runs: LiveRuns) -> ClaimCommitter:
    return ClaimCommitter(live_runs, replica.around)


@pytest.fixture
async def lease(world: World) -> LeaseRow:
    row = await world.engine.leases.take(Duty.DISPATCHER, "me", None, 0)
    assert row is not None
    return row


async def join(world: World, *names: str) -> None:
    """Registers the nodes one after the other; they get the sessions 1, 2, 3 and so on."""
    for name in names:
        await world.join(name)


def to(node: str, session: int, *names: str) -> list[Assign]:
    return [Assign(name, 0, node, session, 1) for name in names]


async def test_one_claim_per_session_with_its_own_id(
    world: World, committer: ClaimCommitter, lease: LeaseRow, queue: QueueWithFaults
) -> None:
    await join(world, "n1", "n2", "n1")
    await world.submit("a", "b", "c", "d")
    claims = await committer.commit([*to("n1", 1, "a"), *to("n2", 2, "b"), *to("n1", 1, "c"), *to("n1", 3, "d")], lease)

    assert {(claim.node_id, claim.session): [a.task_id for a in claim.assigns] for claim in queue.claims} == {
        ("n1", 1): ["a", "c"],
        ("n2", 2): ["b"],
        ("n1", 3): ["d"],
    }
    assert [(claim.node_id, claim.session) for claim in claims] == [("n2", 2), ("n1", 3)]
    assert len({claim.id for claim in queue.claims}) == 3
    assert {claim.accept_by - claim.assigned_at for claim in claims} == {5000}


async def test_claims_hold_only_what_was_given(world: World, committer: ClaimCommitter, lease: LeaseRow) -> None:
    await join(world, "n1", "n2")
    await world.submit("a")
    claims = await committer.commit([*to("n1", 1, "a", "unknown"), *to("n2", 2, "unknown too")], lease)

    assert [(claim.node_id, [a.task_id for a in claim.assigns]) for claim in claims] == [("n1", ["a"])]


async def test_task_is_not_given_for_another_attempt_than_was_read(
    world: World, committer: ClaimCommitter, lease: LeaseRow
) -> None:
    await join(world, "n1")
    await world.submit("a")

    assert await committer.commit([Assign("a", 1, "n1", 1, 1)], lease) == []


async def test_session_that_leaves_is_given_nothing(
    world: World, committer: ClaimCommitter, lease: LeaseRow, live_runs: LiveRuns
) -> None:
    await join(world, "n1")
    await world.submit("a")
    await world.engine.directory.leave("n1", 1)

    assert await committer.commit(to("n1", 1, "a"), lease) == []
    assert (len(live_runs), await world.statuses("a")) == (0, ["Created"])


async def test_runs_are_counted_while_they_are_being_committed(
    world: World, committer: ClaimCommitter, lease: LeaseRow, live_runs: LiveRuns, queue: QueueWithFaults
) -> None:
    seen: list[tuple[Load, bool]] = []

    async def look() -> None:
        seen.append((live_runs.load_of("n1", 1), live_runs.settling.locked()))

    queue.before_claim = look
    await join(world, "n1")
    await world.submit("a")
    await committer.commit(to("n1", 1, "a", "unknown"), lease)

    assert seen == [(Load(2, 2), True)]
    assert (live_runs.load_of("n1", 1), live_runs.settling.locked()) == (Load(1, 1), False)


async def test_nothing_to_commit_asks_the_store_nothing(
    committer: ClaimCommitter, lease: LeaseRow, queue: QueueWithFaults
) -> None:
    assert await committer.commit([], lease) == []
    assert queue.claims == []


async def test_fault_of_the_store_is_raised_and_leaves_nothing_counted(
    world: World, committer: ClaimCommitter, lease: LeaseRow, live_runs: LiveRuns, queue: QueueWithFaults
) -> None:
    async def breaks() -> None:
        raise OSError("as told")

    queue.before_claim = breaks
    await world.submit("a")
    with pytest.raises(OSError, match="as told"):
        await committer.commit(to("n1", 1, "a"), lease)

    assert (len(live_runs), live_runs.settling.locked()) == (0, False)
