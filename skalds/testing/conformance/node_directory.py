# ruff: noqa: S101 - to assert is what a suite is for
"""Suite of `NodeDirectory`."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import pytest

from skalds.errors import LeaseLost
from skalds.model.lease import Duty
from skalds.model.node import Beat, Presence, Registration
from skalds.model.reserved import Reserved
from skalds.model.run_change import Change
from skalds.model.task import TaskLifecycleStatus
from skalds.ports.engine import Engine
from skalds.testing.builders import a_node, a_task
from skalds.testing.conformance.steps import assigned, lead, to

EndProcess = Callable[[Engine], Awaitable[None]]


class NodeDirectorySuite:
    """What `NodeDirectory` promises."""

    async def test_registration_is_listed_with_all_it_says(self, engine: Engine, other: Engine) -> None:
        node = a_node(
            labels={"zone": "a"},
            resources={"cpu": 4},
            schemas={"Demo": {"type": "object"}},
            facts={"pid": 7},
            protocol=2,
            reserved=Reserved(2, 7),
        )
        session = await other.directory.register(node, 5)
        assert list(await engine.directory.registrations()) == [Registration(node, session, 5)]
        assert await engine.directory.registration_of("node-1") == Registration(node, session, 5)

    async def test_unknown_node_has_no_registration(self, engine: Engine) -> None:
        assert await engine.directory.registration_of("node-1") is None
        assert list(await engine.directory.registrations()) == []

    async def test_sessions_grow_over_all_nodes(self, engine: Engine, other: Engine) -> None:
        sessions = [
            await (other if number % 2 else engine).directory.register(a_node(id=f"node-{number % 3}"), number)
            for number in range(9)
        ]
        assert sessions == sorted(set(sessions))

    async def test_sessions_grow_after_the_latest_was_closed(self, engine: Engine) -> None:
        first = await engine.directory.register(a_node(), 1)
        await engine.directory.leave("node-1", first)
        assert await engine.directory.register(a_node(), 2) > first

    async def test_registrations_come_by_id(self, engine: Engine) -> None:
        for id_ in ("b", "c", "a"):
            await engine.directory.register(a_node(id=id_), 1)
        assert [registration.node.id for registration in await engine.directory.registrations()] == ["a", "b", "c"]

    async def test_newer_session_closes_the_older(self, engine: Engine) -> None:
        first = await engine.directory.register(a_node(), 1)
        second = await engine.directory.register(a_node(slots=9), 2)
        assert list(await engine.directory.registrations()) == [Registration(a_node(slots=9), second, 2)]
        assert await engine.directory.leave("node-1", first) is False
        assert await engine.directory.registration_of("node-1") == Registration(a_node(slots=9), second, 2)

    async def test_leaving_closes_once(self, engine: Engine, other: Engine) -> None:
        session = await other.directory.register(a_node(), 1)
        assert await engine.directory.leave("node-2", session) is False
        assert await engine.directory.leave("node-1", session) is True
        assert await engine.directory.leave("node-1", session) is False
        assert list(await engine.directory.registrations()) == []
        assert await engine.directory.registration_of("node-1") == Registration(a_node(), session, 1, closed=True)

    async def test_closing_under_an_ended_term_changes_nothing(
        self, engine: Engine, other: Engine, end_process: EndProcess
    ) -> None:
        session = await other.directory.register(a_node(), 1)
        await engine.directory.presences()
        await other.directory.beat(Beat("node-1", session, 6))
        await _seen(engine, session, 6)
        old = await lead(engine, Duty.MONITOR)
        await lead(engine, Duty.MONITOR, holder="controller-2")
        with pytest.raises(LeaseLost):
            await engine.directory.leave("node-1", session, old)
        assert list(await engine.directory.registrations()) == [Registration(a_node(), session, 1)]
        assert [presence.beat.count for presence in await engine.directory.presences()] == [6]
        await end_process(other)
        assert [presence.exited for presence in await engine.directory.presences()] == [True]

    async def test_closing_under_a_standing_term_closes_once(self, engine: Engine, other: Engine) -> None:
        session = await other.directory.register(a_node(), 1)
        lease = await lead(engine, Duty.MONITOR)
        assert await engine.directory.leave("node-1", session, lease) is True
        assert await engine.directory.leave("node-1", session, lease) is False
        assert list(await engine.directory.registrations()) == []

    async def test_session_that_begins_to_leave_stays_open(self, engine: Engine, other: Engine) -> None:
        session = await other.directory.register(a_node(), 1)
        await engine.directory.begin_leaving("node-1", session + 1)
        await engine.directory.begin_leaving("node-2", session)
        assert list(await engine.directory.registrations()) == [Registration(a_node(), session, 1)]
        await engine.directory.begin_leaving("node-1", session)
        assert list(await engine.directory.registrations()) == [Registration(a_node(), session, 1, leaving=True)]
        assert await engine.directory.registration_of("node-1") == Registration(a_node(), session, 1, leaving=True)
        again = await other.directory.register(a_node(), 2)
        assert list(await engine.directory.registrations()) == [Registration(a_node(), again, 2)]

    async def test_closed_node_is_listed_while_something_holds_its_slots(self, engine: Engine) -> None:
        session = await engine.directory.register(a_node(), 1)
        [task] = await assigned(engine, a_task())
        await engine.directory.leave("node-1", session)
        assert list(await engine.directory.registrations()) == [Registration(a_node(), session, 1, closed=True)]
        cancelled = to(task, TaskLifecycleStatus.CANCELLED, final=True).after
        released = cancelled.changed(9, released_at=9)
        await engine.ledger.write([Change(task, cancelled), Change(cancelled, released)], durable=True)
        assert list(await engine.directory.registrations()) == []

    async def test_latest_beat_is_observed(self, engine: Engine, other: Engine) -> None:
        session = await other.directory.register(a_node(), 1)
        await engine.directory.presences()
        for count in (1, 2):
            await other.directory.beat(Beat("node-1", session, count, live_tasks=3, draining=True, machine_load=0.5))
        [presence] = await _seen(engine, session, 2)
        assert presence.beat == Beat("node-1", session, 2, live_tasks=3, draining=True, machine_load=0.5)
        assert presence.exited is False

    async def test_older_beat_does_not_replace_a_newer(self, engine: Engine, other: Engine) -> None:
        session = await other.directory.register(a_node(), 1)
        await engine.directory.presences()
        for count in (5, 4):
            await other.directory.beat(Beat("node-1", session, count))
        await other.directory.beat(Beat("node-2", session + 1, 1))  # seen no sooner than what was sent before
        assert [presence.beat.count for presence in await _seen(engine, session + 1, 1)] == [5, 1]

    async def test_beats_of_a_hundred_nodes_raise_nothing(self, engine: Engine, other: Engine) -> None:
        await engine.directory.presences()
        for number in range(1_000):
            await other.directory.beat(Beat(f"node-{number % 100}", number % 100, number))
        assert await _seen(engine, 0, 0)

    async def test_process_that_lives_has_not_exited(self, engine: Engine, other: Engine) -> None:
        await other.directory.register(a_node(), 1)
        assert not any(presence.exited for presence in await engine.directory.presences())

    async def test_end_of_the_process_is_seen(self, engine: Engine, other: Engine, end_process: EndProcess) -> None:
        session = await other.directory.register(a_node(), 1)
        assert not any(presence.exited for presence in await engine.directory.presences())
        await end_process(other)
        [presence] = await engine.directory.presences()
        assert presence.exited
        assert presence.beat == Beat("node-1", session, 0)
        assert [presence.exited for presence in await engine.directory.presences()] == [True]

    async def test_end_of_a_process_that_beat_is_seen(
        self, engine: Engine, other: Engine, end_process: EndProcess
    ) -> None:
        session = await other.directory.register(a_node(), 1)
        await engine.directory.presences()
        await other.directory.beat(Beat("node-1", session, 6))
        await _seen(engine, session, 6)
        await end_process(other)
        [presence] = await engine.directory.presences()
        assert (presence.beat.count, presence.exited) == (6, True)

    async def test_session_that_left_is_not_reported_as_exited(
        self, engine: Engine, other: Engine, end_process: EndProcess
    ) -> None:
        session = await other.directory.register(a_node(), 1)
        await engine.directory.presences()
        await other.directory.leave("node-1", session)
        await end_process(other)
        assert not any(presence.exited for presence in await engine.directory.presences())

    async def test_session_that_the_controller_closed_is_forgotten(
        self, engine: Engine, other: Engine, end_process: EndProcess
    ) -> None:
        session = await other.directory.register(a_node(), 1)
        await end_process(other)
        assert [presence.exited for presence in await engine.directory.presences()] == [True]
        await engine.directory.leave("node-1", session)
        assert list(await engine.directory.presences()) == []


async def _seen(engine: Engine, session: int, count: int) -> Sequence[Presence]:
    """What is observed once this beat, or a later one of its session, has arrived."""
    async with asyncio.timeout(10):
        while True:
            presences = await engine.directory.presences()
            if any((seen.beat.session, seen.beat.count >= count) == (session, True) for seen in presences):
                return presences
            await asyncio.sleep(0.001)
