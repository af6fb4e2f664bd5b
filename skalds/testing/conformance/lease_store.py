# ruff: noqa: S101 - to assert is what a suite is for
"""Suite of `LeaseStore`."""

import asyncio

from skalds.model.lease import Duty, LeaseRow
from skalds.ports.engine import Engine


class LeaseStoreSuite:
    """What `LeaseStore` promises."""

    async def test_lease_nobody_held_is_none(self, engine: Engine) -> None:
        assert await engine.leases.read(Duty.DISPATCHER) is None

    async def test_first_term(self, engine: Engine, other: Engine) -> None:
        lease = await engine.leases.take(Duty.DISPATCHER, "a", None, 5)
        assert lease == LeaseRow("dispatcher", "a", 1, 0, 5)
        assert await other.leases.read(Duty.DISPATCHER) == lease
        assert await other.leases.read(Duty.MONITOR) is None

    async def test_take_needs_exactly_what_was_seen(self, engine: Engine) -> None:
        first = await engine.leases.take(Duty.DISPATCHER, "a", None, 5)
        assert first is not None
        renewed = await engine.leases.renew(first, 6)
        for seen in (None, first, first._replace(holder="b"), first._replace(term=9)):
            assert await engine.leases.take(Duty.DISPATCHER, "b", seen, 7) is None
        assert await engine.leases.read(Duty.DISPATCHER) == renewed
        assert await engine.leases.take(Duty.DISPATCHER, "b", renewed, 7) == LeaseRow("dispatcher", "b", 2, 0, 7)

    async def test_terms_grow(self, engine: Engine) -> None:
        terms = []
        for number in range(5):
            seen = await engine.leases.read(Duty.MONITOR)
            lease = await engine.leases.take(Duty.MONITOR, f"holder-{number % 2}", seen, number)
            assert lease is not None
            terms.append(lease.term)
            if number == 2:
                await engine.leases.resign(lease)
        assert terms == sorted(set(terms))

    async def test_one_of_many_takes_it(self, engine: Engine, other: Engine) -> None:
        answers = await asyncio.gather(
            *(
                (other if number % 2 else engine).leases.take(Duty.DISPATCHER, f"h-{number}", None, 1)
                for number in range(32)
            )
        )
        winners = [lease for lease in answers if lease is not None]
        assert winners == [await engine.leases.read(Duty.DISPATCHER)]

    async def test_renewals_are_counted(self, engine: Engine) -> None:
        first = await engine.leases.take(Duty.DISPATCHER, "a", None, 5)
        assert first is not None
        assert await engine.leases.renew(first, 6) == first._replace(renewals=1, expires=6)
        assert await engine.leases.renew(first, 7) == first._replace(renewals=2, expires=7)

    async def test_renewal_of_an_ended_term_is_refused(self, engine: Engine) -> None:
        first = await engine.leases.take(Duty.DISPATCHER, "a", None, 5)
        assert first is not None
        second = await engine.leases.take(Duty.DISPATCHER, "a", first, 6)
        assert await engine.leases.renew(first, 7) is None
        assert await engine.leases.read(Duty.DISPATCHER) == second

    async def test_resigning_empties_the_holder_and_keeps_the_term(self, engine: Engine) -> None:
        first = await engine.leases.take(Duty.DISPATCHER, "a", None, 5)
        assert first is not None
        await engine.leases.resign(first)
        resigned = await engine.leases.read(Duty.DISPATCHER)
        assert resigned == first._replace(holder="")
        assert await engine.leases.renew(first, 9) is None
        second = await engine.leases.take(Duty.DISPATCHER, "b", resigned, 6)
        assert second is not None
        assert second.term == 2
        await engine.leases.resign(first)
        assert await engine.leases.read(Duty.DISPATCHER) == second
