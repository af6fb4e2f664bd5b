"""Routes of tasks."""

from collections.abc import Mapping
from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from skalds.errors import ValidationFailed
from skalds.model.task import TaskLifecycleStatus
from skalds.model.task_query import TaskQuery
from skalds.system_controller.api.body_fields import body_fields, expect_no_fields, one_of_spellings
from skalds.system_controller.api.dependencies import Actor, ApiParts, Parts
from skalds.system_controller.api.direct_routes import DirectTable
from skalds.system_controller.api.json_response import JsonResponse
from skalds.system_controller.api.openapi import errors, request_body
from skalds.system_controller.api.request_guard import json_body
from skalds.system_controller.api.schemas import (
    Success,
    TaskExplained,
    TaskItems,
    TaskList,
    TaskResponse,
    show_explanation,
    show_success,
    show_task,
    show_tasks,
)
from skalds.system_controller.operations.change_attachments import change_attachments
from skalds.system_controller.operations.change_task_status import Command, change_task_status
from skalds.system_controller.operations.explain_task import explain_task
from skalds.system_controller.operations.field_limits import limit_attachments
from skalds.system_controller.operations.read_tasks import (
    get_task,
    list_class_names,
    list_tasks,
    with_own_waiting,
    with_waiting,
)
from skalds.system_controller.operations.submit_tasks import submit_task, submit_tasks
from skalds.system_controller.operations.task_draft import DraftDefaults

router = APIRouter(prefix="/api/tasks", tags=["tasks"])

_STATUS_SPELLINGS = ("lifecycleStatus", "lifecycle_status", "status")
_COMMAND_OF_STATUS: Mapping[str, Command] = {
    TaskLifecycleStatus.CANCELLED.value: Command.CANCEL,
    TaskLifecycleStatus.CREATED.value: Command.REQUEUE,
}


class TaskFilters(BaseModel):
    """Query of the task list; `status` and `type` are the names older documents use."""

    model_config = ConfigDict(extra="forbid")

    page: Annotated[int, Field(ge=1, le=1_000_000)] = 1
    pageSize: Annotated[int, Field(ge=1, le=100)] = 20  # noqa: N815 - the name on the wire
    lifecycleStatus: str | None = None  # noqa: N815
    status: str | None = None
    className: str | None = None  # noqa: N815
    type: str | None = None
    id: str | None = None
    executor: str | None = None

    def to_query(self) -> TaskQuery:
        """What to look for; an empty filter does not filter."""
        status = _agreed("lifecycleStatus", self.lifecycleStatus, self.status)
        if status is not None and status not in TaskLifecycleStatus.list():
            valid = ", ".join(TaskLifecycleStatus.list())
            raise ValidationFailed.of("query.lifecycleStatus", f"must be one of {valid}")
        return TaskQuery(
            page=self.page,
            page_size=self.pageSize,
            status=status,
            class_name=_agreed("className", self.className, self.type),
            id_part=self.id or None,
            executor=self.executor or None,
        )


def _agreed(name: str, *readings: str | None) -> str | None:
    given = {reading for reading in readings if reading}
    if len(given) > 1:
        raise ValidationFailed.of(f"query.{name}", "is given twice with different values")
    return given.pop() if given else None


@router.post("", include_in_schema=False)
@router.post(
    "/",
    status_code=201,
    response_model=TaskResponse | TaskItems,
    responses=errors(409, 422, 429, 503),
    openapi_extra=request_body("TaskSubmissions"),
)
async def submit(request: Request, parts: Parts) -> Response:
    """Submits one task (an object) or up to 500, all or none (an array)."""
    body = json_body(request)
    defaults = DraftDefaults(
        parts.clock.wall_ms(), parts.ids.new, parts.settings.task_max_attempts, parts.attachments.problems
    )
    policies, paused = parts.policies.current, _is_paused(parts)
    if isinstance(body, list):
        stored = await submit_tasks(parts.engine, body, defaults, policies)
        tasks = with_own_waiting(stored, defaults.now, paused=paused)
        return JsonResponse({"items": show_tasks(tasks, parts.cluster.fleet)}, 201)
    task = await submit_task(parts.engine, body, defaults, policies)
    (shown,) = with_own_waiting([task], defaults.now, paused=paused)
    return JsonResponse(show_task(shown, parts.cluster.fleet), 201)


DIRECT: DirectTable = {("POST", "/api/tasks"): submit, ("POST", "/api/tasks/"): submit}
"""What clients send by the hundreds a second."""


@router.get("", include_in_schema=False)
@router.get("/", response_model=TaskList, responses=errors(422))
async def list_(filters: Annotated[TaskFilters, Query()], parts: Parts) -> Response:
    """Lists tasks, newest first."""
    query = filters.to_query()
    listing = await list_tasks(parts.engine, parts.clock, query, paused=_is_paused(parts))
    return JsonResponse(
        {
            "items": show_tasks(listing.items, parts.cluster.fleet),
            "total": listing.total,
            "totalIsExact": listing.total_is_exact,
            "page": query.page,
            "pageSize": query.page_size,
        }
    )


@router.get("/classnames", response_model=list[str])
async def class_names(parts: Parts) -> Response:
    """The class names of all tasks, sorted."""
    return JsonResponse(list(await list_class_names(parts.engine)))


@router.get("/{task_id}", response_model=TaskResponse, responses=errors(404))
async def get(task_id: str, parts: Parts) -> Response:
    """One task."""
    task = await get_task(parts.engine, parts.clock, task_id, paused=_is_paused(parts))
    return JsonResponse(show_task(task, parts.cluster.fleet))


@router.get("/{task_id}/explain", response_model=TaskExplained, responses=errors(404))
async def explain(task_id: str, parts: Parts) -> Response:
    """Why the task is not running, node by node, and the smallest change that would start it."""
    snapshot = parts.picture.snapshot(parts.clock.wall_ms())
    explained = await explain_task(parts.engine, snapshot, parts.clock, task_id, paused=_is_paused(parts))
    return JsonResponse(show_explanation(explained))


@router.put(
    "/{task_id}/status",
    response_model=Success,
    responses=errors(404, 409, 422),
    openapi_extra=request_body("StatusChange"),
)
async def put_status(task_id: str, request: Request, parts: Parts, actor: Actor) -> Response:
    """`Cancelled` cancels the task, `Created` requeues it."""
    status = one_of_spellings(body_fields(request, _STATUS_SPELLINGS), *_STATUS_SPELLINGS)
    if not isinstance(status, str) or status not in _COMMAND_OF_STATUS:
        raise ValidationFailed.of("lifecycleStatus", f"must be one of {', '.join(_COMMAND_OF_STATUS)}")
    task = await change_task_status(parts.engine, parts.clock, task_id, _COMMAND_OF_STATUS[status], actor)
    return _changed(f"Task status updated to {status}", task_id, task.lifecycle_status)


@router.put(
    "/{task_id}/attachments",
    response_model=Success,
    responses=errors(404, 409, 422),
    openapi_extra=request_body("AttachmentsChange"),
)
async def put_attachments(task_id: str, request: Request, parts: Parts, actor: Actor) -> Response:
    """Replaces the attachments; a running worker's update hook is called with them."""
    attachments = body_fields(request, ("attachments",)).get("attachments")
    if not isinstance(attachments, dict):
        raise ValidationFailed.of("attachments", "must be a JSON object")
    if complaint := limit_attachments(attachments):
        raise ValidationFailed.of("attachments", complaint)
    task = await change_attachments(parts.engine, parts.clock, task_id, attachments, parts.attachments.require, actor)
    changed = show_success("Task attachments updated successfully", taskId=task_id, attachments=task.attachments)
    return JsonResponse(changed)


@router.delete("/{task_id}", response_model=Success, responses=errors(404, 409))
async def delete(task_id: str, request: Request, parts: Parts, actor: Actor) -> Response:
    """Cancels the task; it stays on record."""
    expect_no_fields(request)
    task = await change_task_status(parts.engine, parts.clock, task_id, Command.CANCEL, actor)
    return _changed("Task cancelled successfully", task_id, task.lifecycle_status)


@router.post("/{task_id}/cancel", response_model=TaskResponse, responses=errors(404, 409))
async def cancel(task_id: str, request: Request, parts: Parts, actor: Actor) -> Response:
    """Ends the task for good and stops its run."""
    return await _command(task_id, request, parts, actor, Command.CANCEL)


@router.post("/{task_id}/pause", response_model=TaskResponse, responses=errors(404, 409))
async def pause(task_id: str, request: Request, parts: Parts, actor: Actor) -> Response:
    """Keeps a waiting task from starting, or suspends a running one."""
    return await _command(task_id, request, parts, actor, Command.PAUSE)


@router.post("/{task_id}/resume", response_model=TaskResponse, responses=errors(404, 409))
async def resume(task_id: str, request: Request, parts: Parts, actor: Actor) -> Response:
    """Lets a paused task go on."""
    return await _command(task_id, request, parts, actor, Command.RESUME)


@router.post("/{task_id}/requeue", response_model=TaskResponse, responses=errors(404, 409))
async def requeue(task_id: str, request: Request, parts: Parts, actor: Actor) -> Response:
    """Runs a task that ended once more."""
    return await _command(task_id, request, parts, actor, Command.REQUEUE)


async def _command(task_id: str, request: Request, parts: ApiParts, actor: str, command: Command) -> Response:
    expect_no_fields(request)
    task = await change_task_status(parts.engine, parts.clock, task_id, command, actor)
    (shown,) = await with_waiting(parts.engine, parts.clock, [task], paused=_is_paused(parts))
    return JsonResponse(show_task(shown, parts.cluster.fleet))


def _changed(message: str, task_id: str, status: str) -> Response:
    return JsonResponse(show_success(message, taskId=task_id, status=status))


def _is_paused(parts: ApiParts) -> bool:
    """Whether all dispatching is paused, as far as this controller can know."""
    return parts.dispatcher is not None and parts.dispatcher.control.policy.paused
