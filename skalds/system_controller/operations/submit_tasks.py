"""Takes new tasks in."""

from collections.abc import Sequence
from typing import Any

from skalds.errors import FieldProblem, OutcomeUnknown, ValidationFailed
from skalds.model.submission import submission_digest
from skalds.model.task import Task
from skalds.ports.engine import Engine
from skalds.runtime.failpoint import failpoint
from skalds.system_controller.operations.task_draft import DraftDefaults, read_draft

LARGEST_BATCH = 500


async def submit_task(engine: Engine, draft: object, defaults: DraftDefaults) -> Task:
    """Stores one task as asked for in `draft` and returns it as stored."""
    return (await _store(engine, [read_draft(draft, defaults)]))[0]


async def submit_tasks(engine: Engine, drafts: Sequence[Any], defaults: DraftDefaults) -> Sequence[Task]:
    """Stores all or none of the drafts; `ValidationFailed` names the index of each one that is wrong."""
    if len(drafts) > LARGEST_BATCH:
        raise ValidationFailed.of("body", f"at most {LARGEST_BATCH} tasks in one request, these are {len(drafts)}")
    tasks: list[Task] = []
    problems: list[FieldProblem] = []
    for index, draft in enumerate(drafts):
        try:
            tasks.append(read_draft(draft, defaults, index))
        except ValidationFailed as error:
            problems += error.problems
    if problems:
        raise ValidationFailed(problems)
    return await _store(engine, tasks) if tasks else []


async def _store(engine: Engine, tasks: Sequence[Task]) -> Sequence[Task]:
    failpoint("submit.before_commit")
    try:
        stored = await engine.intake.submit(tasks)
    except OutcomeUnknown:
        found = await _read_back(engine, tasks)
        if found is None:
            raise
        stored = found
    failpoint("submit.committed")
    engine.wakeup.notify()
    return stored


async def _read_back(engine: Engine, tasks: Sequence[Task]) -> Sequence[Task] | None:
    """The stored tasks if the submit did happen: all of them are there, made at our moment with our content."""
    found = await engine.catalog.get_many([task.id for task in tasks])
    happened = [(task.create_date_time, submission_digest(task)) for task in tasks] == [
        (task.create_date_time, submission_digest(task)) for task in found
    ]
    return found if happened else None
