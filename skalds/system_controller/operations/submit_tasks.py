"""Takes new tasks in."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from skalds.errors import FieldProblem, OutcomeUnknown, ValidationFailed
from skalds.model.policy import Policies
from skalds.model.submission import submission_digest
from skalds.model.task import Task
from skalds.planning.dependencies import find_circle
from skalds.ports.engine import Engine
from skalds.runtime.failpoint import failpoint
from skalds.system_controller.operations.field_limits import shown
from skalds.system_controller.operations.task_draft import DraftDefaults, read_draft

LARGEST_BATCH = 500

_NO_POLICIES = Policies()
_LINKS_SHOWN = 10


async def submit_task(
    engine: Engine, draft: object, defaults: DraftDefaults, policies: Policies = _NO_POLICIES
) -> Task:
    """Stores one task as asked for in `draft` and returns it as stored; errors as `TaskIntake.submit`."""
    try:
        return (await _store(engine, [read_draft(draft, defaults)], policies))[0]
    except ValidationFailed as error:
        # Of a single task there is nothing to count.
        raise type(error)([replace(problem, index=None) for problem in error.problems]) from error


async def submit_tasks(
    engine: Engine, drafts: Sequence[Any], defaults: DraftDefaults, policies: Policies = _NO_POLICIES
) -> Sequence[Task]:
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
    problems = problems or list(_circle(tasks))
    if problems:
        raise ValidationFailed(problems)
    return await _store(engine, tasks, policies) if tasks else []


def _circle(tasks: Sequence[Task]) -> Iterator[FieldProblem]:
    """What to say of each task of a circle of dependencies, if there is one."""
    circle = find_circle({task.id: task.dependencies or () for task in tasks})
    if circle is None:
        return
    places = {task.id: index for index, task in enumerate(tasks)}
    for start, task_id in enumerate(circle):
        links = [shown(other) for other in (*circle[start:], *circle[:start], task_id)]
        if len(links) > _LINKS_SHOWN:
            links = [*links[: _LINKS_SHOWN - 2], "…", links[-1]]
        yield FieldProblem("dependencies", f"is a circle: {' → '.join(links)}", places[task_id])


async def _store(engine: Engine, tasks: Sequence[Task], policies: Policies) -> Sequence[Task]:
    failpoint("submit.before_commit")
    try:
        stored = await engine.intake.submit(tasks, _queue_limits(tasks, policies))
    except OutcomeUnknown:
        found = await _read_back(engine, tasks)
        if found is None:
            raise
        stored = found
    failpoint("submit.committed")
    engine.wakeup.notify()
    return stored


def _queue_limits(tasks: Sequence[Task], policies: Policies) -> Mapping[str, int]:
    """How many tasks each of their tenants may have waiting, where that is limited."""
    granted = {
        name: policies.tenants[name].max_queued for name in {t.tenant for t in tasks} if name in policies.tenants
    }
    return {name: limit for name, limit in granted.items() if limit is not None}


async def _read_back(engine: Engine, tasks: Sequence[Task]) -> Sequence[Task] | None:
    """The stored tasks if the submit did happen: all of them are there, made at our moment with our content."""
    found = await engine.catalog.get_many([task.id for task in tasks])
    happened = [(task.create_date_time, submission_digest(task)) for task in tasks] == [
        (task.create_date_time, submission_digest(task)) for task in found
    ]
    return found if happened else None
