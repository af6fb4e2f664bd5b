"""A duty is taken when nobody keeps it up, trusted for less than its time, and never shared within a term."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skalds.adapters.memory.lease_store import MemoryLeaseStore
from skalds.errors import StoreUnavailable
from skalds.model.lease import Duty, LeaseRow
from skalds.ports.lease_store import LeaseStore
from skalds.system_controller.leadership import Leadership
from skalds.testing import FakeClock
from tests.unit.system_controller.world import TIMINGS, World

TTL = TIMINGS.lease_ttl.total_seconds()
TRUST = TTL - TIMINGS.lease_margin.total_seconds()
DUTY = Duty.DISPATCHER
HOUR_MS = 3_600_000

pytestmark = pytest.mark.usefixtures("events")


class SlowLeases(MemoryLeaseStore):
    """Answers late, or not at all."""

    def __init__(self, world: World) -> None:
        super().__init__(world.store)
        self._clock = world.clock
        self.delay = 0.0
        self.delay_of_reading = 0.0
        self.down = False

    async def read(self, duty: Duty) -> LeaseRow | None:
        await self._clock.sleep(self.delay_of_reading)
        return await super().read(duty)

    async def take(self, duty: Duty, holder: str, seen: LeaseRow | None, expires: int) -> LeaseRow | None:
        row = await super().take(duty, holder, seen, expires)
        await self._answer()
        return row

    async def renew(self, lease: LeaseRow, expires: int) -> LeaseRow | None:
        row = await super().renew(lease, expires)
        await self._answer()
        return row

    async def resign(self, lease: LeaseRow) -> None:
        await self._answer()
        await super().resign(lease)

    async def _answer(self) -> None:
        if self.down:
            raise StoreUnavailable
        await self._clock.sleep(self.delay)


def contender(
    world: World,
    name: str = "a",
    leases: LeaseStore | None = None,
    on_change: Callable[[], None] = lambda: None,
    clock: FakeClock | None = None,
) -> Leadership:
    return Leadership(DUTY, name, leases or world.engine.leases, clock or world.clock, TIMINGS, on_change)


def term_of(one: Leadership) -> int | None:
    """The term in which it trusts itself to lead."""
    return one.lease.term if one.lease else None


async def meanwhile(world: World, work: Awaitable[None], seconds: float) -> None:
    """Runs `work` while time passes."""
    running = asyncio.ensure_future(work)
    await world.clock.advance(seconds)
    await running


async def test_lease_never_held_is_taken_at_once(world: World) -> None:
    leader = contender(world)
    await leader.run_once()

    assert leader.lease == LeaseRow(DUTY, *("a", 1), 0, world.clock.wall_ms() + 3000)


async def test_resigned_lease_is_taken_at_once_with_the_next_term(world: World) -> None:
    first, second = contender(world, "a"), contender(world, "b")
    await first.run_once()
    await first.resign()
    await second.run_once()

    assert term_of(first) is None
    assert second.lease == LeaseRow(DUTY, *("b", 2), 0, world.clock.wall_ms() + 3000)


async def test_lease_that_nobody_renews_is_taken_after_its_time_and_not_before(world: World) -> None:
    first, second = contender(world, "a"), contender(world, "b")
    await first.run_once()
    await second.run_once()
    await world.clock.advance(TTL - 0.001)
    await second.run_once()
    assert term_of(second) is None

    await world.clock.advance(0.001)
    await second.run_once()

    assert term_of(second) == 2


async def test_time_counts_from_the_first_look_not_from_what_the_row_says(world: World) -> None:
    first, second = contender(world, "a"), contender(world, "b")
    await first.run_once()
    await world.clock.advance(100)
    await second.run_once()
    assert term_of(second) is None

    await world.clock.advance(TTL)
    await second.run_once()

    assert term_of(second) is not None


async def test_renewed_lease_is_never_taken(world: World) -> None:
    first, second = contender(world, "a"), contender(world, "b")
    for _ in range(20):
        await first.run_once()
        await second.run_once()
        await world.clock.advance(TTL - 1)

    assert term_of(second) is None


async def test_time_counts_from_the_answer_because_the_row_may_have_been_written_while_the_question_travelled(
    world: World,
) -> None:
    leases = SlowLeases(world)
    first, second = contender(world, "a"), contender(world, "b", leases)
    await first.run_once()
    leases.delay_of_reading = 1.0
    looking = asyncio.ensure_future(second.run_once())
    await world.clock.advance(0.9)
    await first.run_once()
    await world.clock.advance(0.1)
    await looking

    leases.delay_of_reading = 0.0
    await world.clock.advance(TTL - 1.0)
    await second.run_once()

    assert term_of(second) is None


@pytest.mark.parametrize("jump", [HOUR_MS, -HOUR_MS, -1_750_000_000_000])
async def test_jump_of_the_wall_clock_changes_nothing(world: World, jump: int) -> None:
    first, second = contender(world, "a"), contender(world, "b")
    await first.run_once()
    await second.run_once()
    world.clock.jump_wall(jump)
    await second.run_once()
    assert term_of(first) is not None
    assert term_of(second) is None

    await world.clock.advance(TTL)
    world.clock.jump_wall(-jump)
    await second.run_once()

    assert term_of(first) is None
    assert term_of(second) is not None


async def test_trust_ends_before_the_lease_does(world: World) -> None:
    leader = contender(world)
    await leader.run_once()
    await world.clock.advance(TRUST - 0.001)
    assert term_of(leader) is not None

    await world.clock.advance(0.001)

    assert term_of(leader) is None


@pytest.mark.parametrize("step", ["take", "renew"])
async def test_trust_counts_from_the_request_not_from_the_answer(world: World, step: str) -> None:
    leases = SlowLeases(world)
    leader = contender(world, leases=leases)
    if step == "renew":
        await leader.run_once()
    leases.delay = 1.5
    await meanwhile(world, leader.run_once(), 1.5)
    await world.clock.advance(TRUST - 1.5 - 0.001)
    assert term_of(leader) is not None

    await world.clock.advance(0.001)

    assert term_of(leader) is None


async def test_answer_that_took_too_long_is_not_trusted_at_all(world: World) -> None:
    leases = SlowLeases(world)
    leases.delay = TRUST
    leader = contender(world, leases=leases)
    await meanwhile(world, leader.run_once(), TRUST)

    assert term_of(leader) is None


async def test_leader_cut_off_from_the_store_stops_trusting_itself_and_recovers_its_own_term(world: World) -> None:
    leases = SlowLeases(world)
    leader = contender(world, leases=leases)
    await leader.run_once()
    leases.down = True
    await world.clock.advance(TRUST)
    with pytest.raises(StoreUnavailable):
        await leader.run_once()
    assert term_of(leader) is None

    leases.down = False
    await leader.run_once()

    assert term_of(leader) == 1


async def test_leader_learns_at_its_next_renewal_that_another_took_over(world: World) -> None:
    first, second = contender(world, "a"), contender(world, "b")
    await first.run_once()
    await second.run_once()
    await world.clock.advance(TTL)
    await second.run_once()
    await first.run_once()

    assert term_of(first) is None
    assert term_of(second) is not None


async def test_only_a_change_of_term_is_told(world: World) -> None:
    told: list[int | None] = []
    leader = contender(world, on_change=lambda: told.append(leader.lease.term if leader.lease else None))
    other = contender(world, "b")
    for _ in range(3):
        await leader.run_once()
    await other.run_once()
    await world.clock.advance(TTL)
    await other.run_once()
    await leader.run_once()

    assert told == [1, None]


async def test_resigning_with_the_store_down_raises_nothing_and_leads_no_more(world: World) -> None:
    leases = SlowLeases(world)
    leader = contender(world, leases=leases)
    await leader.run_once()
    leases.down = True
    await leader.resign()

    assert term_of(leader) is None


async def test_resigning_late_leaves_the_lease_of_the_next_leader_alone(world: World) -> None:
    first, second = contender(world, "a"), contender(world, "b")
    await first.run_once()
    await second.run_once()
    await world.clock.advance(TTL)
    await second.run_once()
    await first.resign()
    await second.run_once()

    assert term_of(second) is not None


@settings(max_examples=60, deadline=None)
@given(
    script=st.lists(st.tuples(st.integers(0, 2), st.sampled_from([0.0, 0.5, 1, 2, 3, 5]), st.booleans()), max_size=40)
)
def test_no_two_contenders_ever_lead_in_the_same_term_or_both_trust_themselves(
    script: list[tuple[int, float, bool]],
) -> None:
    async def scenario() -> None:
        world = World()
        contenders = [contender(world, name) for name in "abc"]
        leader_of_term: dict[int, str] = {}
        for who, passing, resigns in script:
            await world.clock.advance(passing)
            await (contenders[who].resign() if resigns else contenders[who].run_once())
            leading = [lease for one in contenders if (lease := one.lease) is not None]
            assert len(leading) <= 1
            for lease in leading:
                assert leader_of_term.setdefault(lease.term, lease.holder) == lease.holder

    asyncio.run(scenario())


async def test_two_that_ask_at_the_same_moment_do_not_both_get_it(world: World) -> None:
    leases = SlowLeases(world)
    first, second = contender(world, "a", leases), contender(world, "b", leases)
    leases.delay = 0.1
    await meanwhile(world, _both(first, second), 0.1)

    assert [term_of(one) is not None for one in (first, second)].count(True) == 1


async def _both(first: Leadership, second: Leadership) -> None:
    await asyncio.gather(first.run_once(), second.run_once())


async def test_lease_that_lapsed_and_was_renewed_under_its_term_is_told_too(world: World) -> None:
    told: list[None] = []
    one = contender(world, on_change=lambda: told.append(None))
    await one.run_once()
    await world.clock.advance(TRUST + 0.1)
    assert term_of(one) is None

    await one.run_once()

    assert (term_of(one), len(told)) == (1, 2)
