"""New attachments for a task, handed to its run if it has one."""

from functools import partial
from typing import Any

from skalds.model.event import Topic
from skalds.model.task import Task
from skalds.planning import lifecycle
from skalds.ports.clock import Clock
from skalds.ports.engine import Engine
from skalds.system_controller.operations.revise_task import Revision, revise_task


async def change_attachments(engine: Engine, clock: Clock, task_id: str, attachments: dict[str, Any]) -> Task:
    """Replaces the attachments and returns the task as it is then; errors as `revise_task`."""
    decide = partial(lifecycle.replace_attachments, attachments=attachments)
    revision = Revision(decide, Topic.UPDATE_ATTACHMENT, "task.attachments_changed")
    return await revise_task(engine, clock, task_id, revision)
