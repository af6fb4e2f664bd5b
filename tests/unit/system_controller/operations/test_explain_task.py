"""Why a task is not running: an answer for every task, at any time."""

from dataclasses import replace
from typing import Any

import pytest

from skalds.errors import NotFound
from skalds.model.plan import WaitReason
from skalds.model.reserved import Reserved
from skalds.model.snapshot import ClusterSnapshot, KeyView, NodeView, TenantView
from skalds.model.task import RunError
from skalds.system_controller.operations.explain_task import LOOKED_AT, TaskExplanation, explain_task
from skalds.system_controller.operations.explanation_words import Waiting, own_change, why_it_waits
from skalds.testing import a_task
from tests.unit.system_controller.world import World

NOW = 1_750_000_000_000
DEMO = NodeView("node-1", 1, frozenset({"Demo"}), 2)


def cluster(*nodes: NodeView, **limits: Any) -> ClusterSnapshot:
    return ClusterSnapshot(NOW, nodes, (), **limits)


async def explained(
    world: World, task_id: str = "task-1", snapshot: ClusterSnapshot | None = None, *, paused: bool = False
) -> TaskExplanation:
    return await explain_task(world.engine, snapshot or cluster(DEMO), world.clock, task_id, paused=paused)


async def stand_as(world: World, **changes: Any) -> None:
    """Puts task-1 in the state that `changes` describe."""
    await world.submit("task-1")
    await world.move("task-1", lambda task, now: task.changed(now, **changes))


async def test_an_unknown_task_is_not_found(world: World) -> None:
    with pytest.raises(NotFound):
        await explained(world, "nobody")


@pytest.mark.parametrize(
    ("state", "text"),
    [
        (
            {"lifecycle_status": "Assigning", "executor": "n", "attempt": 1},
            "It was assigned to node 'n', which has not started it yet.",
        ),
        ({"lifecycle_status": "Running", "executor": "n", "attempt": 2}, "It runs on node 'n' in attempt 2."),
        (
            {"lifecycle_status": "Finished", "executor": "n", "attempt": 1, "final": True, "released_at": NOW},
            "It has finished on node 'n'.",
        ),
        (
            {"lifecycle_status": "Cancelled", "executor": "n", "attempt": 1, "final": True},
            "It was cancelled; its processes are still stopping.",
        ),
        (
            {
                "lifecycle_status": "Failed",
                "executor": "n",
                "attempt": 1,
                "final": True,
                "released_at": NOW,
                "error": RunError(type="ValueError", message="no\n camera"),
            },
            "It has failed for good on node 'n' with ValueError: no camera.",
        ),
        (
            {"mode": "Active"},
            "It is in mode Active, so the dispatcher leaves it to the node that has it in its own file.",
        ),
    ],
    ids=lambda value: str(value.get("lifecycle_status", "mode")) if isinstance(value, dict) else "",
)
async def test_a_task_that_does_not_wait_is_told_by_what_it_does(
    world: World, state: dict[str, Any], text: str
) -> None:
    await stand_as(world, **state)

    found = await explained(world)

    assert found == TaskExplanation(await world.task("task-1"), text)


@pytest.mark.parametrize(
    ("state", "reason", "permanent", "text", "change"),
    [
        (
            {"lifecycle_status": "Paused"},
            WaitReason.PAUSED,
            True,
            "It was paused.",
            "resume it: skalds task resume task-1",
        ),
        (
            {"lifecycle_status": "Failed", "executor": "n", "attempt": 1},
            WaitReason.STILL_STOPPING,
            False,
            "The processes of its last run have not ended yet.",
            "wait until they have ended",
        ),
        (
            {"eligible_at": NOW + 5000},
            WaitReason.NOT_BEFORE,
            False,
            "It may not start before 2025-06-15 15:06:45 UTC.",
            "wait until 2025-06-15 15:06:45 UTC",
        ),
        (
            {"lifecycle_status": "Failed", "attempt": 1, "released_at": NOW, "eligible_at": NOW + 5000},
            WaitReason.NOT_BEFORE,
            False,
            "Its last run failed, and it is tried again at 2025-06-15 15:06:45 UTC.",
            "wait until 2025-06-15 15:06:45 UTC",
        ),
    ],
    ids=["paused", "still stopping", "not before", "retrying"],
)
async def test_what_lies_in_the_task_itself_comes_first(
    world: World, state: dict[str, Any], reason: WaitReason, permanent: bool, text: str, change: str
) -> None:
    await stand_as(world, **state)

    found = await explained(world, paused=True)

    assert (found.reason, found.permanent, found.text, found.change) == (reason, permanent, text, change)


async def test_open_dependencies_are_named_with_their_status(world: World) -> None:
    await world.submit("a", "b", "c", "d", "e")
    await world.submit("task-1", dependencies=["e", "d", "c", "b", "a"])
    await world.move("e", lambda task, now: task.changed(now, lifecycle_status="Finished", final=True))

    found = await explained(world)

    assert (found.reason, [one.id for one in found.open_parents]) == (WaitReason.DEPENDENCY, ["d", "c", "b", "a"])
    assert found.text == "It waits for 'd' (Created), 'c' (Created), 'b' (Created) and 1 more to finish."
    assert [node.node_id for node in found.nodes] == ["node-1"]


async def test_paused_dispatching_needs_somebody(world: World) -> None:
    await world.submit("task-1")

    found = await explained(world, paused=True)

    assert (found.reason, found.permanent) == (WaitReason.DISPATCH_PAUSED, True)
    assert (found.text, found.change) == ("All dispatching is paused.", "resume dispatching: skalds dispatcher resume")


@pytest.mark.parametrize(
    ("snapshot", "asked", "reason", "permanent", "text"),
    [
        (cluster(), {}, WaitReason.NO_NODE_ONLINE, False, "No node is online that takes new work."),
        (
            cluster(replace(DEMO, classes=frozenset())),
            {},
            WaitReason.CLASS_NOT_SUPPORTED,
            True,
            "No node that takes work has the class 'Demo'.",
        ),
        (
            cluster(DEMO),
            {"requires": {"zone": "north", "disk": "ssd"}},
            WaitReason.LABEL_MISMATCH,
            True,
            "No node that knows its class has the labels it requires: disk=ssd, zone=north.",
        ),
        (
            cluster(DEMO),
            {"resources": {"memory": 5, "cpu": 1}},
            WaitReason.RESOURCES,
            True,
            "No node that may run it offers as much cpu, memory as it asks for.",
        ),
        (
            cluster(DEMO),
            {"slots": 3},
            WaitReason.NO_FREE_SLOT,
            True,
            "It takes 3 slots, more than any node that may run it has for priority 0.",
        ),
        (
            cluster(replace(DEMO, used_slots=2)),
            {},
            WaitReason.NO_FREE_SLOT,
            False,
            "Every node that may run it is full.",
        ),
        (
            cluster(replace(DEMO, used_slots=1, reserved=Reserved(1, 8))),
            {},
            WaitReason.NO_FREE_SLOT,
            False,
            "No node that may run it has room for its priority 0: free slots are reserved for priority 8 and above.",
        ),
        (
            cluster(replace(DEMO, tripped=frozenset({"Demo"}))),
            {},
            WaitReason.NODE_BREAKER,
            False,
            "The class 'Demo' failed at once several times on every node that may run it, and rests there.",
        ),
        (
            cluster(DEMO),
            {"pinned_to": "node-9"},
            WaitReason.PINNED,
            True,
            "Only node 'node-9' may run it, and that one is not there or cannot take it.",
        ),
        (
            cluster(DEMO, tenants={"acme": TenantView(max_running=1, running=1)}),
            {"tenant": "acme"},
            WaitReason.TENANT_LIMIT,
            False,
            "Tenant 'acme' has as many tasks running as it may have.",
        ),
        (
            cluster(DEMO, keys={"db": KeyView(1, 1)}),
            {"concurrency_key": "db"},
            WaitReason.KEY_LIMIT,
            False,
            "As many tasks with the concurrency key 'db' run as may run at once.",
        ),
    ],
    ids=lambda value: value.value if isinstance(value, WaitReason) else "",
)
async def test_what_lies_in_nodes_and_limits_is_told_in_a_sentence(
    world: World, snapshot: ClusterSnapshot, asked: dict[str, Any], reason: WaitReason, permanent: bool, text: str
) -> None:
    await world.submit("task-1", **asked)

    found = await explained(world, snapshot=snapshot)

    assert (found.reason, found.permanent, found.text) == (reason, permanent, text)
    assert found.change
    assert len(found.nodes) == len(snapshot.nodes)


async def test_a_task_that_nothing_keeps_is_about_to_be_placed(world: World) -> None:
    await world.submit("task-1")

    found = await explained(world)

    assert (found.reason, found.change, found.counts) == (None, None, {})
    assert found.text == "Nothing keeps it: the next pass of the dispatcher can place it."


@pytest.mark.parametrize(
    ("kept", "used_slots", "expected"),
    [
        (WaitReason.TENANT_SHARE, 2, WaitReason.TENANT_SHARE),
        (WaitReason.TENANT_SHARE, 0, None),
        (WaitReason.INVALID, 2, WaitReason.INVALID),
        (WaitReason.INVALID, 0, WaitReason.INVALID),
        (WaitReason.LABEL_MISMATCH, 2, WaitReason.NO_FREE_SLOT),
    ],
)
async def test_what_only_the_latest_pass_knows_comes_from_its_lane(
    world: World, kept: WaitReason, used_slots: int, expected: WaitReason | None
) -> None:
    await world.submit("task-1")
    (lane,) = await world.engine.queue.lanes()
    await world.engine.lanes.note_reasons({lane.id: kept})

    assert (await explained(world, snapshot=cluster(replace(DEMO, used_slots=used_slots)))).reason is expected


async def test_it_is_told_how_many_stand_before_it(world: World) -> None:
    await world.submit("other", priority=9)
    await world.submit(*(f"t{number:03}" for number in range(LOOKED_AT + 5)))
    await world.submit("later", eligible_at=world.clock.wall_ms() + 5)

    before = [(await explained(world, task)).tasks_before for task in ("other", "t000", "t007", "t104", "later")]

    assert before == [0, 0, 7, None, None]


async def test_a_task_whose_deadline_has_passed_is_about_to_be_given_up(world: World) -> None:
    await world.submit("task-1", deadline_date_time=NOW)

    found = await explained(world)

    assert found.reason is None
    assert found.text == "Its deadline passed at 2025-06-15 15:06:40 UTC, so it is about to be given up."


def test_every_wait_reason_has_a_sentence() -> None:
    parent = a_task(id="parent", lifecycle_status="Cancelled", final=True)
    waiting = Waiting(a_task(pinned_to="n", requires={"a": "b"}, resources={"cpu": 1}), parents=[parent])

    sentences = {reason: why_it_waits(reason, waiting) for reason in WaitReason}

    assert all(text[0].isupper() and text.endswith(".") and text.count(". ") == 0 for text in sentences.values())
    assert sentences[WaitReason.DEPENDENCY] == (
        "It depends on 'parent', which is Cancelled, so it is about to be given up."
    )


def test_every_reason_that_is_not_of_nodes_and_limits_has_a_change() -> None:
    waiting = Waiting(a_task())
    own = {
        WaitReason.NOT_BEFORE,
        WaitReason.DEPENDENCY,
        WaitReason.STILL_STOPPING,
        WaitReason.PAUSED,
        WaitReason.DISPATCH_PAUSED,
        WaitReason.TENANT_SHARE,
        WaitReason.INVALID,
    }

    assert all(own_change(reason, waiting) for reason in own)
