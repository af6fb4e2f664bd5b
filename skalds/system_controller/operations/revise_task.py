"""Changing one task on somebody's behalf: load, decide, commit if nothing changed meanwhile, announce."""

from collections.abc import Callable
from typing import NamedTuple

from skalds.errors import Conflict, NotFound, OutcomeUnknown, TransitionRefused
from skalds.model.event import TaskEvent, Topic
from skalds.model.run_change import Change
from skalds.model.task import Task
from skalds.planning import lifecycle
from skalds.ports.clock import Clock
from skalds.ports.engine import Engine
from skalds.ports.event_bus import BusMessage
from skalds.runtime.log_setup import log_event
from skalds.system_controller.operations.audit import API, AuditedChange, entry_of

MOST_TRIES = 10
"""How often a change is tried again because the task moved on meanwhile."""


class Revision(NamedTuple):
    """What to make of a task: the pure decision, the topic that tells its node, and the name of the log event."""

    decide: Callable[[Task, int], Task | lifecycle.Refused]
    topic: Topic
    done: str


async def revise_task(engine: Engine, clock: Clock, task_id: str, revision: Revision, actor: str = API) -> Task:
    """Makes the revision, audited as made by `actor`, and returns the task as it is then.

    Asking for what is already so is a success.

    Raises `NotFound`, `TransitionRefused` with the reason, `Conflict` if the task keeps changing under our hands.
    """
    for _ in range(MOST_TRIES):
        task = await engine.catalog.get(task_id)
        if task is None:
            raise NotFound("task", task_id)
        now = clock.wall_ms()
        changed = revision.decide(task, now)
        if isinstance(changed, lifecycle.Refused):
            raise TransitionRefused(changed.reason, task=task_id)
        if changed is task:
            return task
        audited = AuditedChange(revision.done, f"task:{task_id}", _shown(task))
        if await _commit(engine, Change(task, changed, entry_of(clock, actor, audited, _shown(changed)))):
            await _announce(engine, task, revision, now)
            return changed
    raise Conflict("the task changes too often at the moment; try again", task=task_id)


def _shown(task: Task) -> dict[str, object]:
    return {"lifecycleStatus": task.lifecycle_status, "rev": task.rev}


async def _commit(engine: Engine, change: Change) -> bool:
    try:
        return (await engine.ledger.write([change], durable=True))[0]
    except OutcomeUnknown:
        stored = await engine.catalog.get(change.before.id)
        ours = change.after
        return stored is not None and (stored.rev, stored.lifecycle_status, stored.update_date_time) == (
            ours.rev,
            ours.lifecycle_status,
            ours.update_date_time,
        )


async def _announce(engine: Engine, before: Task, revision: Revision, now: int) -> None:
    """Tells the node that holds the task's slot, and the controller; both would find out by themselves, later."""
    log_event("INFO", revision.done, task=before.id, attempt=before.attempt, node=before.executor)
    if before.holds_slot:
        event = TaskEvent(
            id=before.id,
            title=revision.done,
            initiator="api",
            recipient=before.executor,
            create_date_time=now,
            update_date_time=now,
            task_ids=[before.id],
        )
        await engine.bus.announce([BusMessage(revision.topic, event)])
    engine.wakeup.notify()
