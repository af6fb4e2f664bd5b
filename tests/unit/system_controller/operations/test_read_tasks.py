"""Reading tasks: what a page says of why each waits, and what that costs."""

from collections.abc import Sequence
from typing import Any

import pytest

from skalds.model.plan import WaitReason
from skalds.model.task import Assignment, Task
from skalds.model.task_query import TaskQuery
from skalds.system_controller.operations.read_tasks import (
    MOST_PARENTS_READ,
    get_task,
    list_tasks,
    open_parents,
    read_parents,
    with_own_waiting,
)
from skalds.testing import a_task
from tests.unit.system_controller.world import World


async def waiting(world: World, *, paused: bool = False) -> dict[str, str | None]:
    listing = await list_tasks(world.engine, world.clock, TaskQuery(), paused=paused)
    return {task.id: task.waiting for task in listing.items}


async def test_a_task_waits_for_what_it_depends_on_until_that_has_finished(world: World) -> None:
    session = await world.join("node-1")
    await world.submit("parent")
    await world.submit("child", dependencies=["parent"])

    assert await waiting(world) == {"parent": None, "child": "dependency"}
    await world.move("parent", assigned(session))
    await world.accept("parent")
    assert (await waiting(world))["child"] == "dependency"

    await world.finish("parent")

    assert (await waiting(world))["child"] is None


def assigned(session: int) -> Any:
    """A move that gives the task to node-1."""

    def move(task: Task, now: int) -> Task:
        assignment = Assignment(
            id="c1", skald_id="node-1", session=session, term=1, assigned_at=now, accept_by=now + 5000
        )
        return task.changed(
            now, lifecycle_status="Assigning", attempt=1, executor="node-1", assignment=assignment, released_at=None
        )

    return move


async def test_the_reason_of_its_lane_is_told_of_a_task_with_nothing_else_in_the_way(world: World) -> None:
    await world.submit("a", "b")
    (lane,) = await world.engine.queue.lanes()
    await world.engine.lanes.note_reasons({lane.id: WaitReason.TENANT_LIMIT})

    assert await waiting(world) == {"a": "tenant_limit", "b": "tenant_limit"}


async def test_paused_dispatching_is_told_of_what_could_run_otherwise(world: World) -> None:
    await world.submit("ready")
    await world.submit("later", eligible_at=world.clock.wall_ms() + 5)
    await world.submit("child", dependencies=["ready"])
    await world.submit("foreign", mode="Active")

    assert await waiting(world, paused=True) == {
        "ready": "dispatch_paused",
        "later": "not_before",
        "child": "dependency",
        "foreign": None,
    }


async def test_one_task_says_the_same_as_the_list(world: World) -> None:
    await world.submit("parent")
    await world.submit("child", dependencies=["parent"])

    assert (await get_task(world.engine, world.clock, "child")).waiting == "dependency"
    assert (await get_task(world.engine, world.clock, "parent", paused=True)).waiting == "dispatch_paused"


async def test_a_page_costs_one_reading_of_each_kind(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    await world.submit("p1", "p2", "p3")
    await world.submit("c1", "c2", dependencies=["p1", "p2"], priority=1)
    await world.submit("c3", dependencies=["p3"], tenant="default", slots=2)
    read: list[tuple[str, int]] = []
    get_many, reasons = world.engine.catalog.get_many, world.engine.lanes.reasons

    async def watched_tasks(ids: Sequence[str]) -> Sequence[Task]:
        read.append(("parents", len(ids)))
        return await get_many(ids)

    async def watched_reasons(keys: Any) -> Any:
        read.append(("lanes", len(keys)))
        return await reasons(keys)

    monkeypatch.setattr(world.engine.catalog, "get_many", watched_tasks)
    monkeypatch.setattr(world.engine.lanes, "reasons", watched_reasons)

    assert set((await waiting(world)).values()) == {None, "dependency"}
    assert sorted(read) == [("lanes", 3), ("parents", 3)]


async def test_a_page_without_dependencies_reads_no_other_task(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    await world.submit("a")
    monkeypatch.setattr(world.engine.catalog, "get_many", None)

    assert await waiting(world) == {"a": None}


async def test_parents_are_read_by_turns_and_no_more_than_a_bounded_number(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    async def get_many(ids: Sequence[str]) -> Sequence[Task]:
        asked.extend(ids)
        return [a_task(id=one) for one in ids]

    monkeypatch.setattr(world.engine.catalog, "get_many", get_many)
    tasks = [a_task(id=f"t{t}", dependencies=[f"p{t}-{n}" for n in range(500)]) for t in range(100)]

    known = await read_parents(world.engine, tasks)

    assert len(asked) == len(set(asked)) == MOST_PARENTS_READ
    assert all(len(open_parents(task, known)) == MOST_PARENTS_READ // 100 for task in tasks)


def test_a_parent_that_is_gone_or_was_not_read_blocks_nobody() -> None:
    task = a_task(dependencies=["gone", "done", "open"])
    known = {one.id: one for one in (a_task(id="open"), a_task(id="done", lifecycle_status="Finished", final=True))}

    assert [parent.id for parent in open_parents(task, known)] == ["open"]


def test_just_submitted_tasks_know_of_each_other() -> None:
    now = 1_750_000_000_000
    tasks = [a_task(id="child", dependencies=["parent"]), a_task(id="parent")]

    assert [task.waiting for task in with_own_waiting(tasks, now)] == ["dependency", None]
    assert [task.waiting for task in with_own_waiting(tasks, now, paused=True)] == ["dependency", "dispatch_paused"]
