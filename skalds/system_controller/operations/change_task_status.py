"""Cancel, pause, resume and requeue."""

from collections.abc import Mapping
from enum import StrEnum

from skalds.model.event import Topic
from skalds.model.task import Task
from skalds.planning import lifecycle
from skalds.ports.clock import Clock
from skalds.ports.engine import Engine
from skalds.system_controller.operations.audit import API
from skalds.system_controller.operations.revise_task import Revision, revise_task


class Command(StrEnum):
    """What an operator can ask of a task."""

    CANCEL = "cancel"
    PAUSE = "pause"
    RESUME = "resume"
    REQUEUE = "requeue"


_REVISIONS: Mapping[Command, Revision] = {
    Command.CANCEL: Revision(lifecycle.cancel, Topic.CANCEL, "task.cancelled"),
    # Nodes read their rows again on any message; for pausing and resuming there is no topic of its own.
    Command.PAUSE: Revision(lifecycle.pause, Topic.ASSIGN, "task.paused"),
    Command.RESUME: Revision(lifecycle.resume, Topic.ASSIGN, "task.resumed"),
    Command.REQUEUE: Revision(lifecycle.requeue, Topic.ASSIGN, "task.requeued"),
}


async def change_task_status(engine: Engine, clock: Clock, task_id: str, command: Command, actor: str = API) -> Task:
    """Carries out `command` and returns the task as it is then; errors as `revise_task`."""
    return await revise_task(engine, clock, task_id, _REVISIONS[command], actor)
