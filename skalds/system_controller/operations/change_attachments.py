"""New attachments for a task, handed to its run if it has one."""

from collections.abc import Callable
from typing import Any

from skalds.model.event import Topic
from skalds.model.task import Task
from skalds.planning import lifecycle
from skalds.ports.clock import Clock
from skalds.ports.engine import Engine
from skalds.system_controller.operations.audit import API
from skalds.system_controller.operations.revise_task import Revision, revise_task

Require = Callable[[str, Any], None]
"""Raises `ValidationFailed` for attachments that do not fit the class."""


async def change_attachments(
    engine: Engine,
    clock: Clock,
    task_id: str,
    attachments: dict[str, Any],
    require: Require = lambda class_name, attachments: None,
    actor: str = API,
) -> Task:
    """Replaces the attachments and returns the task as it is then; errors as `revise_task`, and those of `require`."""

    def decide(task: Task, now: int) -> Task | lifecycle.Refused:
        changed = lifecycle.replace_attachments(task, now, attachments=attachments)
        if isinstance(changed, Task):
            require(task.class_name, attachments)
        return changed

    revision = Revision(decide, Topic.UPDATE_ATTACHMENT, "task.attachments_changed")
    return await revise_task(engine, clock, task_id, revision, actor)
