"""What was given away is known after every commit, and counted before it."""

import asyncio
from collections.abc import Sequence

import pytest

from skalds.errors import LeaseLost
from skalds.model.lease import Duty, LeaseRow
from skalds.model.plan import Assign
from skalds.ports.dispatch_queue import Claim
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


async def committed(committer: ClaimCommitter, assigns: Sequence[Assign], lease: LeaseRow) -> Sequence[Claim]:
    """What a commit of these gives away, from its beginning to its end."""
    await committer.begin(assigns, lease)
    return (await committer.end()).claims


async def test_one_claim_per_session_with_its_own_id(
    world: World, committer: ClaimCommitter, lease: LeaseRow, queue: QueueWithFaults
) -> None:
    await join(world, "n1", "n2", "n1")
    await world.submit("a", "b", "c", "d")
    claims = await committed(
        committer, [*to("n1", 1, "a"), *to("n2", 2, "b"), *to("n1", 1, "c"), *to("n1", 3, "d")], lease
    )

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
    claims = await committed(committer, [*to("n1", 1, "a", "unknown"), *to("n2", 2, "unknown too")], lease)

    assert [(claim.node_id, [a.task_id for a in claim.assigns]) for claim in claims] == [("n1", ["a"])]


async def test_task_is_not_given_for_another_attempt_than_was_read(
    world: World, committer: ClaimCommitter, lease: LeaseRow
) -> None:
    await join(world, "n1")
    await world.submit("a")

    assert await committed(committer, [Assign("a", 1, "n1", 1, 1)], lease) == []


async def test_session_that_leaves_is_given_nothing(
    world: World, committer: ClaimCommitter, lease: LeaseRow, live_runs: LiveRuns
) -> None:
    await join(world, "n1")
    await world.submit("a")
    await world.engine.directory.leave("n1", 1)

    assert await committed(committer, to("n1", 1, "a"), lease) == []
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
    await committed(committer, to("n1", 1, "a", "unknown"), lease)

    assert seen == [(Load(2, 2), True)]
    assert (live_runs.load_of("n1", 1), live_runs.settling.locked()) == (Load(1, 1), False)


async def test_nothing_to_commit_asks_the_store_nothing(
    committer: ClaimCommitter, lease: LeaseRow, queue: QueueWithFaults
) -> None:
    assert not await committed(committer, [], lease)
    assert queue.claims == []


async def test_fault_of_the_store_is_raised_and_leaves_nothing_counted(
    world: World, committer: ClaimCommitter, lease: LeaseRow, live_runs: LiveRuns, queue: QueueWithFaults
) -> None:
    async def breaks() -> None:
        raise OSError("as told")

    queue.before_claim = breaks
    await world.submit("a")
    with pytest.raises(OSError, match="as told"):
        await committed(committer, to("n1", 1, "a"), lease)

    assert (len(live_runs), live_runs.settling.locked()) == (0, False)


async def test_runs_count_from_the_beginning_of_a_commit_and_what_is_refused_until_its_end(
    world: World, committer: ClaimCommitter, lease: LeaseRow, live_runs: LiveRuns
) -> None:
    await join(world, "n1")
    await world.submit("a")
    await committer.begin(to("n1", 1, "a", "unknown"), lease)
    assert (live_runs.load_of("n1", 1), live_runs.settling.locked()) == (Load(2, 2), True)

    outcome = await committer.end()

    assert [assign.task_id for assign in outcome.refused] == ["unknown"]
    assert (live_runs.load_of("n1", 1), live_runs.settling.locked()) == (Load(1, 1), False)


async def test_end_without_a_beginning_tells_of_nothing(committer: ClaimCommitter) -> None:
    outcome = await committer.end()

    assert (outcome.claims, outcome.refused) == ((), ())


async def test_commit_of_a_lost_lease_leaves_nothing_counted_and_the_next_may_begin(
    world: World, committer: ClaimCommitter, lease: LeaseRow, live_runs: LiveRuns
) -> None:
    await join(world, "n1")
    await world.submit("a")
    await committer.begin(to("n1", 1, "a"), lease._replace(term=lease.term - 1))
    with pytest.raises(LeaseLost):
        await committer.end()
    assert (len(live_runs), live_runs.settling.locked()) == (0, False)

    assert len(await committed(committer, to("n1", 1, "a"), lease)) == 1


async def test_commit_that_is_cancelled_before_it_set_out_leaves_nothing_counted(
    world: World, committer: ClaimCommitter, lease: LeaseRow, live_runs: LiveRuns
) -> None:
    await world.submit("a")
    await committer.begin(to("n1", 1, "a"), lease)
    ending = asyncio.create_task(committer.end())
    ending.cancel()
    await asyncio.wait([ending])
    if live_runs.settling.locked():
        await committer.end()

    assert (len(live_runs), live_runs.settling.locked()) == (0, False)
