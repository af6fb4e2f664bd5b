"""What waits for what, and what follows when the other end moves."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import nullcontext
from typing import Any, NamedTuple

from skalds.adapters.mongo.connection import Document, MongoStore, Session
from skalds.adapters.mongo.feed_line import TOLD, next_when_freed
from skalds.adapters.mongo.placing import Edges, Place
from skalds.adapters.stored_form import Edge, edge_to
from skalds.errors import FieldProblem, UnknownDependency
from skalds.model.task import Task, TaskLifecycleStatus

_MANY = 2_000
"""So many dependants may take longer to follow than a request usually may."""

_OPEN, _LOST, _PLACE = "$dispatch.open", "$dispatch.lost", "$dispatch.place"
_FIND = {"_id": 0, "id": 1, "tenant": 1, "lifecycleStatus": 1, "final": 1}
_DEFAULT_TENANT = Task.model_fields["tenant"].default
_CREATED = TaskLifecycleStatus.CREATED.value


class Other(NamedTuple):
    """A task that new ones depend on."""

    tenant: str
    edge: Edge | None
    stored: bool


async def find_others(store: MongoStore, session: Session, new: Sequence[Task]) -> Mapping[str, Other]:
    """Those that the new tasks depend on, stored or among themselves."""
    asked = {id_ for task in new for id_ in task.dependencies or ()}
    if not asked:
        return {}
    found = await store.tasks.find({"id": {"$in": sorted(asked)}}, _FIND, session=session).to_list()
    others = {document["id"]: _other(document) for document in found}
    for task in new:
        if task.id in asked:
            others[task.id] = Other(task.tenant, edge_to(task.lifecycle_status, task.final), stored=False)
    return others


def refuse_unknown(tasks: Sequence[Task], fresh: Sequence[int], others: Mapping[str, Other]) -> None:
    """Raises `UnknownDependency` for ids that no task of the same tenant has."""
    problems = [
        FieldProblem("dependencies", f"there is no task {id_!r}", index)
        for index in fresh
        for id_ in dict.fromkeys(tasks[index].dependencies or ())
        if (other := others.get(id_)) is None or other.tenant != tasks[index].tenant
    ]
    if problems:
        raise UnknownDependency(problems)


def edges_of(task: Task, others: Mapping[str, Other]) -> Edges:
    """What a new task has to wait for."""
    edges = {id_: others[id_].edge for id_ in dict.fromkeys(task.dependencies or ())}
    return Edges(
        [id_ for id_, edge in edges.items() if edge is not None],
        [id_ for id_, edge in edges.items() if edge is Edge.FAILED],
    )


async def settle(
    store: MongoStore, session: Session, moved: Mapping[str, Edge | None], dependants: int, now: int
) -> None:
    """Lets those follow that depend on tasks to which the edge is another one now; None: they are Finished.

    One update for all; the index has those that depend on one task in the order of their submit. `dependants` is about
    how many there are.
    """
    finished = [id_ for id_, edge in moved.items() if edge is None]
    failed = [id_ for id_, edge in moved.items() if edge is Edge.FAILED]
    again_open = [id_ for id_, edge in moved.items() if edge is Edge.OPEN]
    lost = {
        "$setUnion": [
            {"$setDifference": [{"$ifNull": [_LOST, []]}, {"$literal": finished + again_open}]},
            {"$setIntersection": [_OPEN, {"$literal": failed}]},
        ]
    }
    with store.patience() if dependants > _MANY else nullcontext():
        await _follow(store, session, moved, [_edges(finished, lost), {"$set": _next_version(now)}])


async def _follow(store: MongoStore, session: Session, ids: Iterable[str], steps: Sequence[Document]) -> None:
    await store.tasks.update_many({"dispatch.open": {"$in": [*ids]}}, steps, hint="single_fields", session=session)


def _edges(closed: Sequence[str], lost: Document) -> Document:
    return {
        "$set": {
            "dispatch.open": {"$setDifference": [_OPEN, {"$literal": [*closed]}]},
            "dispatch.lost": lost,
        }
    }


def _other(document: Document) -> Other:
    status, final = document.get("lifecycleStatus", _CREATED), document.get("final", False)
    return Other(document.get("tenant", _DEFAULT_TENANT), edge_to(status, final), stored=True)


def _is_empty(array: str) -> Document:
    return {"$eq": [array, []]}


_WAITS = {"$ne": [{"$type": _PLACE}, "missing"]}
_IS_FREED = {"$and": [_WAITS, _is_empty(_OPEN), _is_empty(_LOST)]}
_NO_EMPTY = {
    "dispatch.open": {"$cond": [_is_empty(_OPEN), "$$REMOVE", _OPEN]},
    "dispatch.lost": {"$cond": [_is_empty(_LOST), "$$REMOVE", _LOST]},
}


def _place(now: int) -> Document:
    """Where a task stands whose edges are these; before its own moment it waits for that."""
    free = {"$cond": [_is_ready(now), Place.READY.value, Place.TIMER.value]}
    branches = [
        {"case": {"$not": [_WAITS]}, "then": "$$REMOVE"},
        {"case": {"$not": [_is_empty(_LOST)]}, "then": Place.FORSAKEN.value},
        {"case": {"$not": [_is_empty(_OPEN)]}, "then": Place.BEHIND.value},
    ]
    return {"$switch": {"branches": branches, "default": free}}


def _timer(now: int) -> Document:
    """The moment of a task that waits for nothing else."""
    waits_for_others = {"$or": [{"$not": [_IS_FREED]}, _is_ready(now)]}
    return {"$cond": [waits_for_others, "$$REMOVE", "$eligibleAt"]}


def _is_ready(now: int) -> Document:
    return {"$lte": ["$eligibleAt", now]}


def _next_version(now: int) -> Document:
    """What waits for nothing any more gets its next version, for the others only place and edges change."""
    waited = {"$max": [0, {"$subtract": [now, "$eligibleAt"]}]}
    freed: dict[str, tuple[Any, str]] = {
        "rev": ({"$add": ["$rev", 1]}, "$rev"),
        "updateDateTime": (now, "$updateDateTime"),
        "eligibleAt": ({"$max": ["$eligibleAt", now]}, "$eligibleAt"),
        "dispatch.rank": ({"$add": ["$dispatch.rank", waited]}, "$dispatch.rank"),
        TOLD: (next_when_freed(_is_ready(now)), f"${TOLD}"),
    }
    values = {field: {"$cond": [_IS_FREED, then, keep]} for field, (then, keep) in freed.items()}
    return {**values, "dispatch.place": _place(now), "dispatch.timer": _timer(now), **_NO_EMPTY}
