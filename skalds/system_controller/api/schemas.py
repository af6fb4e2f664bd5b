"""The shapes of answers: how each is made from what operations return, and how OpenAPI describes it."""

from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from skalds.model.resources import wire_amounts
from skalds.model.task import RunError, Task, TaskLifecycleStatus
from skalds.system_controller.breakers import NO_TRIPS, Trips
from skalds.system_controller.events.task_events import END_OF_HEARTBEATS, HEARTBEATS
from skalds.system_controller.fleet import Fleet, KnownNode
from skalds.system_controller.operations import field_limits as limits
from skalds.system_controller.operations.explain_task import TaskExplanation
from skalds.system_controller.operations.read_fleet import NodeOverview
from skalds.system_controller.operations.task_draft import SUBMITTABLE


class _Shape(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)


class TaskResponse(Task):
    """A task as the API shows it: the fields of Skalds 0.3.8, and ours.

    `exception` is the message of the last run's error and `errorDetail` all of it; `error` stays null for our runs.
    """

    attachments: dict[str, Any] = Field(default_factory=dict)
    heartbeat: int = 0
    error: str | None = None  # type: ignore[assignment]
    exception: str | None = None
    error_detail: RunError | None = None


class TaskItems(_Shape):
    """The tasks of one request, in its order."""

    items: list[TaskResponse]


class TaskList(TaskItems):
    """A page of tasks, newest first; beyond 10,000 `total` is a lower bound and `totalIsExact` false."""

    total: int
    total_is_exact: bool
    page: int
    page_size: int


class NodeObstacles(_Shape):
    """What keeps one node from taking a task, and the change that each reason calls for.

    `state`: why it takes no new work at all, such as `cordoned`; null for one that does.
    """

    id: str
    reasons: list[str]
    changes: list[str]
    state: str | None


class OpenDependency(_Shape):
    """A task that has to finish first."""

    id: str
    status: str


class TaskExplained(_Shape):
    """Why a task is not running; of one that does not wait, `reason` is null and `text` says what it does.

    `permanent`: waiting alone does not help. `since` is the moment (ms) from which it may run as far as time goes.
    `counts`: how many nodes fail for each reason first; `nodes`: the closest 50. `tasksBefore`: how many of its kind
    go first, null where that would take long to find out.
    """

    id: str
    status: str
    reason: str | None
    permanent: bool
    since: int
    text: str
    change: str | None
    counts: dict[str, int]
    nodes: list[NodeObstacles]
    dependencies: list[OpenDependency]
    tasks_before: int | None


class Success(_Shape):
    """An act that was done, in the words of 0.3.8."""

    success: bool
    message: str
    data: dict[str, Any] | None = None


class ReservedSlots(_Shape):
    """Slots of a node that only tasks of this priority or above may take."""

    slots: int
    priority: int


class ClassBreakers(_Shape):
    """Classes that failed at once on a node: those it gets no task of, and those of which one task is tried."""

    open: list[str]
    probing: list[str]


class SkaldResponse(_Shape):
    """A node: the fields of Skalds 0.3.8, and ours; of `usedResources` what is 0 is left out."""

    id: str
    type: str
    status: str
    last_heartbeat: str
    supported_tasks: list[str]
    current_tasks: list[str]
    heartbeat: int
    task_count: int
    liveness: str
    draining: bool
    cordoned: bool
    session: int
    registered_at: int
    slots: int
    used_slots: int
    reserved_slots: ReservedSlots | None
    labels: dict[str, str]
    own_labels: dict[str, str]
    resources: dict[str, Any]
    used_resources: dict[str, float | int]
    breakers: ClassBreakers
    facts: dict[str, Any]
    protocol: int


class SkaldList(_Shape):
    """The known nodes, by id."""

    items: list[SkaldResponse]
    total: int


class ErrorBody(BaseModel):
    """Every error answers with these keys."""

    error: str
    message: str
    code: str
    fields: dict[str, Any]
    detail: list[dict[str, Any]] | str | None
    suggestion: str | None
    status_code: int
    path: str


def show_task(task: Task, fleet: Fleet) -> dict[str, Any]:
    """`TaskResponse` of a task."""
    shown = task.model_dump(by_alias=True)
    detail = shown["error"]
    shown.update(
        attachments=shown["attachments"] or {},
        heartbeat=_heartbeat(task, fleet),
        error=None,
        exception=detail and detail["message"],
        errorDetail=detail,
    )
    return shown


def show_tasks(tasks: Sequence[Task], fleet: Fleet) -> list[dict[str, Any]]:
    return [show_task(task, fleet) for task in tasks]


def show_explanation(explained: TaskExplanation) -> dict[str, Any]:
    """`TaskExplained` of an explanation."""
    task = explained.task
    return {
        "id": task.id,
        "status": task.lifecycle_status,
        "reason": explained.reason and explained.reason.value,
        "permanent": explained.permanent,
        "since": task.eligible_at,
        "text": explained.text,
        "change": explained.change,
        "counts": {reason.value: count for reason, count in explained.counts.items()},
        "nodes": [
            {
                "id": node.node_id,
                "reasons": [reason.value for reason in node.reasons],
                "changes": list(node.changes),
                "state": node.state or None,
            }
            for node in explained.nodes
        ],
        "dependencies": [{"id": one.id, "status": one.lifecycle_status} for one in explained.open_parents],
        "tasksBefore": explained.tasks_before,
    }


def _heartbeat(task: Task, fleet: Fleet) -> int:
    if task.lifecycle_status != TaskLifecycleStatus.RUNNING.value:
        return END_OF_HEARTBEATS.get(task.lifecycle_status, 0)
    known = fleet.get(task.executor or "")
    here = known and task.assignment and known.registration.session == task.assignment.session
    return known.beats % HEARTBEATS if known and here else 0


def show_node(overview: NodeOverview, task_ids: Sequence[str], trips: Trips = NO_TRIPS) -> dict[str, Any]:
    """`SkaldResponse` of a node."""
    known: KnownNode = overview.known
    node = known.registration.node
    return {
        "id": node.id,
        "type": node.mode,
        "status": "online" if overview.is_present else "offline",
        "lastHeartbeat": str(known.last_heard),
        "supportedTasks": sorted(node.classes),
        "currentTasks": list(task_ids),
        "heartbeat": known.beats % HEARTBEATS,
        "taskCount": overview.load.tasks,
        "liveness": known.liveness.value,
        "draining": overview.is_draining,
        "cordoned": overview.is_cordoned,
        "session": known.registration.session,
        "registeredAt": known.registration.registered_at,
        "slots": node.slots,
        "usedSlots": overview.load.slots,
        "reservedSlots": overview.reserved._asdict() if any(overview.reserved) else None,
        "labels": dict(overview.labels),
        "ownLabels": dict(node.labels),
        "resources": dict(node.resources),
        "usedResources": wire_amounts(overview.load.resources),
        "breakers": {"open": sorted(trips.tripped), "probing": sorted(trips.probing)},
        "facts": dict(node.facts),
        "protocol": node.protocol,
    }


def show_success(message: str, **data: Any) -> dict[str, Any]:
    """`Success` with its data."""
    return {"success": True, "message": message, "data": data or None}


def submission_schema() -> dict[str, Any]:
    """JSON Schema of what can be submitted: the fields of a task that are the submitter's."""
    schema = Task.model_json_schema(by_alias=True)
    properties = {to_camel(name): schema["properties"][to_camel(name)] for name in SUBMITTABLE}
    properties["id"] |= {"minLength": 1, "maxLength": 128, "description": "Made by the server if left out."}
    properties["source"] |= {"default": "API"}
    _describe_limits(properties)
    properties["attachments"] = {"type": ["object", "null"], "default": None, "title": "Attachments"}
    return {
        "title": "TaskSubmission",
        "type": "object",
        "description": "A new task. Fields that say where a task stands may be present with their default only.",
        "properties": properties,
        "required": ["className"],
        "additionalProperties": False,
    }


def _describe_limits(properties: dict[str, Any]) -> None:
    """What `field_limits.py` checks and a schema can say."""
    key = {"anyOf": [{"type": "string", "minLength": 1, "maxLength": limits.LONGEST_NAME}, {"type": "null"}]}
    task_id = {"type": "string", "minLength": 1, "maxLength": limits.LONGEST_NAME}
    properties["dependencies"]["anyOf"][0] |= {
        "items": task_id,
        "maxItems": limits.MOST_DEPENDENCIES,
        "uniqueItems": True,
    }
    properties["dependencies"]["description"] = "Ids of tasks that have to finish first, here or stored already."
    for name in ("requires", "prefers"):
        properties[name]["maxProperties"] = limits.MOST_LABELS
    for name in ("concurrencyKey", "affinityKey"):
        properties[name] |= key
    properties["timeoutMs"]["maximum"] = limits.LONGEST_TIMEOUT_MS
    properties["deadlineDateTime"]["description"] = "Not started after this moment (ms); 0 or null for none."
    properties["resources"] = {
        "title": "Resources",
        "type": "object",
        "default": {},
        "description": 'CPUs with up to 3 decimals, bytes of memory or text such as "8GiB", whole GPU devices.',
        "properties": {
            "cpu": {"type": "number", "exclusiveMinimum": 0, "maximum": limits.MOST_CPUS},
            "memory": {"anyOf": [{"type": "integer", "minimum": 1, "maximum": limits.MOST_MEMORY}, {"type": "string"}]},
            "gpu": {"type": "integer", "minimum": 1, "maximum": limits.MOST_GPUS},
        },
        "additionalProperties": False,
    }
