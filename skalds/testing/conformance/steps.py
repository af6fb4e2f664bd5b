# ruff: noqa: S101 - to assert is what a suite is for
"""Steps that several suites take."""

from collections.abc import Sequence

from skalds.model.lease import Duty, LeaseRow
from skalds.model.plan import Assign
from skalds.model.run_change import Change, RunChange
from skalds.model.task import Task, TaskLifecycleStatus
from skalds.ports.dispatch_queue import Claim
from skalds.ports.engine import Engine
from skalds.testing.builders import A_MOMENT, a_node

ALL = 1_000_000


async def lead(engine: Engine, duty: Duty = Duty.DISPATCHER, holder: str = "controller-1") -> LeaseRow:
    """Takes the duty, whoever has it."""
    lease = await engine.leases.take(duty, holder, await engine.leases.read(duty), expires=0)
    assert lease is not None
    return lease


async def ready_ids(engine: Engine) -> list[str]:
    """The ids of all ready tasks, lane by lane, in order of dispatch."""
    lanes = [lane.id for lane in await engine.queue.lanes()]
    heads = await engine.queue.heads(dict.fromkeys(lanes, ALL))
    return [task.id for lane in lanes for task in heads.get(lane, ())]


async def joined(engine: Engine, node_id: str = "node-1") -> int:
    """The open session of this node; registers it if there is none."""
    known = await engine.directory.registration_of(node_id)
    if known is not None and not known.closed:
        return known.session
    return await engine.directory.register(a_node(id=node_id), A_MOMENT)


async def a_claim(engine: Engine, tasks: Sequence[Task], *, id_: str = "claim-1", node_id: str = "node-1") -> Claim:
    """A claim of these tasks as they were read, for the open session of a node."""
    session = await joined(engine, node_id)
    assigns = [Assign(task.id, task.attempt, node_id, session, lane=0) for task in tasks]
    return Claim(id_, node_id, session, assigned_at=1_000, accept_by=6_000, assigns=assigns)


async def assigned(engine: Engine, *tasks: Task, node_id: str = "node-1") -> Sequence[Task]:
    """Submits the tasks and gives them to a node; returns them as stored."""
    stored = await engine.intake.submit(tasks)
    lease = await lead(engine)
    given = await engine.queue.claim([await a_claim(engine, stored, node_id=node_id)], lease)
    assert len(given) == len(tasks)
    return await engine.catalog.get_many([task.id for task in tasks])


async def told(engine: Engine, position: int) -> Sequence[RunChange]:
    """All that this participant's feed tells after `position` of what was committed up to now."""
    _, end = await engine.ledger.live_runs()
    changes = await engine.ledger.changes_since(position, ALL)
    assert changes is not None
    assert (changes[-1].position if changes else position) == end
    return changes


def session_of(task: Task) -> int:
    """The session a task is assigned to."""
    assert task.assignment is not None
    return task.assignment.session


def to(task: Task, status: TaskLifecycleStatus, at: int = 2_000, **changes: object) -> Change:
    """The change of a task to another status."""
    return Change(task, task.changed(at, lifecycle_status=status.value, **changes))
