"""The claim: tasks are given away by one update per node, all in one command, within a transaction."""

from collections.abc import Sequence
from typing import Any

from pymongo import UpdateMany

from skalds.adapters.mongo.connection import Document, MongoStore, Session
from skalds.adapters.mongo.documents import absent_or
from skalds.adapters.mongo.feed_line import TOLD, next_when_assigned
from skalds.adapters.mongo.placing import Place
from skalds.adapters.mongo.task_lists import LISTS, WHEN_GIVEN_AWAY
from skalds.model.plan import Assign
from skalds.model.task import Assignment, TaskLifecycleStatus
from skalds.ports.dispatch_queue import Claim

_ASSIGNING = TaskLifecycleStatus.ASSIGNING.value
_LEAVES = ["releasedAt", "dispatch.place", "dispatch.rank", "dispatch.due"]

_Wanted = dict[tuple[int, int], list[Assign]]
"""(index of the claim, attempt) → what it asks for."""

_Given = dict[tuple[int, str, int], Assign]
"""(index of the claim, task, attempt) → what was asked for and given."""


async def give(store: MongoStore, session: Session, claims: Sequence[Claim], term: int) -> Sequence[Assign]:
    """Gives the tasks away that are still as the planner saw them, and says which."""
    open_sessions = await _open_sessions(store, session, claims)
    given = await _give(store, session, claims, _wanted(claims, open_sessions), term)
    asked = ((index, assign.task_id, assign.attempt) for index, claim in enumerate(claims) for assign in claim.assigns)
    # Taken out, so that what was asked for twice is returned once.
    return [assign for key in asked if (assign := given.pop(key, None)) is not None]


async def _open_sessions(store: MongoStore, session: Session, claims: Sequence[Claim]) -> set[tuple[str, int]]:
    """The sessions that take work.

    A write, so that a session that is closed at this moment conflicts with us and one of both is repeated.
    """
    takes_work = {
        "_id": {"$in": [claim.node_id for claim in claims]},
        "session": {"$in": [claim.session for claim in claims]},
        "closed": False,
        "leaving": False,
    }
    await store.nodes.update_many(takes_work, {"$inc": {"claims": 1}}, session=session)
    found = await store.nodes.find(takes_work, {"session": 1}, session=session).to_list()
    return {(node["_id"], node["session"]) for node in found}


def _wanted(claims: Sequence[Claim], open_sessions: set[tuple[str, int]]) -> _Wanted:
    """What to ask for in one update each; a task that two claims want goes to the first."""
    seen: set[tuple[str, int]] = set()
    wanted: _Wanted = {}
    for index, claim in enumerate(claims):
        if (claim.node_id, claim.session) not in open_sessions:
            continue
        for assign in claim.assigns:
            if (assign.task_id, assign.attempt) not in seen:
                seen.add((assign.task_id, assign.attempt))
                wanted.setdefault((index, assign.attempt), []).append(assign)
    return wanted


async def _give(store: MongoStore, session: Session, claims: Sequence[Claim], wanted: _Wanted, term: int) -> _Given:
    asked = {
        (index, assign.task_id, attempt): assign for (index, attempt), assigns in wanted.items() for assign in assigns
    }
    if not asked:
        return {}
    updates = [
        UpdateMany(
            _ready(claims[index], attempt, [assign.task_id for assign in assigns]),
            _next_version(claims[index], attempt, term),
            hint="id_1",
        )
        for (index, attempt), assigns in wanted.items()
    ]
    # One command for all nodes, because a round trip for each takes longer.
    outcome = await store.tasks.bulk_write(updates, session=session)
    if outcome.modified_count == len(asked):
        return asked
    found = await _find_given(store, session, claims, [id_ for _, id_, _ in asked])
    return {key: assign for key, assign in asked.items() if key in found}


def _ready(claim: Claim, attempt: int, ids: Sequence[str]) -> Document:
    """Condition of those of these tasks that may be given away."""
    return {
        "id": {"$in": [*ids]},
        "attempt": absent_or(attempt),
        "dispatch.place": Place.READY.value,
        "$or": [{"dispatch.due": None}, {"dispatch.due": {"$gt": claim.assigned_at}}],
    }


async def _find_given(
    store: MongoStore, session: Session, claims: Sequence[Claim], ids: Sequence[str]
) -> set[tuple[int, str, int]]:
    """What these claims gave away just now, read back by their ids."""
    numbers = {claim.id: index for index, claim in enumerate(claims)}
    mine = {"id": {"$in": [*ids]}, "assignment.id": {"$in": [*numbers]}}
    fields = {"_id": 0, "id": 1, "attempt": 1, "assignment.id": 1}
    found = await store.tasks.find(mine, fields, session=session).to_list()
    return {(numbers[task["assignment"]["id"]], task["id"], task["attempt"] - 1) for task in found}


def _next_version(claim: Claim, attempt: int, term: int) -> list[Document]:
    values: dict[str, Any] = {
        "lifecycleStatus": _ASSIGNING,
        "attempt": attempt + 1,
        "rev": {"$add": ["$rev", 1]},
        "updateDateTime": claim.assigned_at,
        "executor": {"$literal": claim.node_id},
        "assignment": {"$literal": _assignment(claim, term)},
        "dispatch.node": {"$literal": claim.node_id},
        "dispatch.session": claim.session,
        LISTS: WHEN_GIVEN_AWAY,
        TOLD: next_when_assigned(_ASSIGNING, attempt + 1, claim.node_id, claim.session),
    }
    return [{"$set": values}, {"$unset": _LEAVES}]


def _assignment(claim: Claim, term: int) -> Document:
    return Assignment(
        id=claim.id,
        skald_id=claim.node_id,
        session=claim.session,
        term=term,
        assigned_at=claim.assigned_at,
        accept_by=claim.accept_by,
    ).model_dump(by_alias=True)
