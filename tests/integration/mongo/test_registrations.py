"""Registrations under real concurrency: sessions grow, the newest stays, and a closed one gets no work."""

import asyncio
from typing import Any

import pytest

from skalds.adapters.mongo.connection import MongoStore
from skalds.model.node import Registration
from skalds.model.reserved import Reserved
from skalds.model.task import Task
from skalds.ports.engine import Engine
from skalds.testing import a_node, a_task, conformance
from skalds.testing.conformance.steps import a_claim, lead, session_of

pytestmark = pytest.mark.integration


class TestNodeDirectory(conformance.NodeDirectorySuite):
    pass


async def test_of_many_registrations_of_one_node_the_newest_stays(engine: Engine, other: Engine) -> None:
    for _ in range(5):
        sessions = await asyncio.gather(
            *((other if slots % 2 else engine).directory.register(a_node(slots=slots), slots) for slots in range(12))
        )
        assert len({*sessions}) == 12
        newest = max(sessions)
        slots = sessions.index(newest)
        assert await engine.directory.registration_of("node-1") == Registration(a_node(slots=slots), newest, slots)
        assert [registration.session for registration in await other.directory.registrations()] == [newest]


async def test_everything_a_node_says_of_itself_is_kept(engine: Engine, other: Engine) -> None:
    node = a_node(
        id="$node.1",
        labels={"$where": "a.b", "": ""},
        schemas={"Demo": {"$ref": "#/$defs/a", "$defs": {"a.b": {}}}},
        resources={"cpu": 2.5, "gpu": ["0"]},
        facts={"pid": 1},
        reserved=Reserved(1, 5),
    )
    session = await engine.directory.register(node, 1)
    for _ in range(2):
        assert list(await other.directory.registrations()) == [Registration(node, session, 1)]
    assert await other.directory.registration_of("$node.1") == Registration(node, session, 1)


async def test_what_a_node_said_is_read_once_and_its_state_each_time(engine: Engine, other: Engine) -> None:
    first = await engine.directory.register(a_node(), 1)
    assert list(await other.directory.registrations()) == [Registration(a_node(), first, 1)]
    await engine.directory.begin_leaving("node-1", first)
    assert list(await other.directory.registrations()) == [Registration(a_node(), first, 1, leaving=True)]
    second = await engine.directory.register(a_node(slots=7), 2)
    assert list(await other.directory.registrations()) == [Registration(a_node(slots=7), second, 2)]


@pytest.mark.parametrize("how", ["leave", "begin_leaving", "register"])
async def test_claim_and_goodbye_at_the_same_moment_leave_no_run_on_a_closed_session(
    engine: Engine, other: Engine, store: MongoStore, how: str
) -> None:
    lease = await lead(engine)
    for number in range(15):
        session = await other.directory.register(a_node(), number)
        tasks = await engine.intake.submit([a_task(id=f"{number}-{index}") for index in range(20)])
        claim = await a_claim(engine, tasks, id_=f"claim-{number}")
        goodbye: dict[str, Any] = {
            "leave": lambda session=session: other.directory.leave("node-1", session),
            "begin_leaving": lambda session=session: other.directory.begin_leaving("node-1", session),
            "register": lambda: other.directory.register(a_node(), 0),
        }
        given, _ = await asyncio.gather(engine.queue.claim([claim], lease), goodbye[how]())
        assert len(given) in (0, 20)
        # Whoever says goodbye and then looks for what it still has finds all of it, now and for good.
        runs = await other.ledger.runs_of("node-1", session)
        assert {task.id for task in runs} == {assign.task_id for assign in given}
        assert await store.tasks.count_documents({"dispatch.session": session}) == len(given)
        later = [await _again(engine, task) for task in tasks]
        assert list(await engine.queue.claim([await _claim_for(engine, later, session)], lease)) == []


async def _again(engine: Engine, task: Task) -> Task:
    found = await engine.catalog.get(task.id)
    assert found is not None
    return found


async def _claim_for(engine: Engine, tasks: list[Task], session: int) -> Any:
    claim = await a_claim(engine, tasks, id_="late")
    return type(claim)("late", "node-1", session, claim.assigned_at, claim.accept_by, claim.assigns)


async def test_session_of_a_run_is_that_of_its_claim(engine: Engine) -> None:
    [task] = await engine.intake.submit([a_task()])
    claim = await a_claim(engine, [task])
    await engine.queue.claim([claim], await lead(engine))
    [run] = await engine.ledger.runs_of("node-1", claim.session)
    assert session_of(run) == claim.session
