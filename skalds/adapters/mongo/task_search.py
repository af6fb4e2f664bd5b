"""Pages of the task list."""

from collections.abc import Sequence
from typing import Any

from pymongo import DESCENDING

from skalds.adapters.mongo.connection import Document, MongoStore, Session
from skalds.adapters.mongo.documents import TASK_FIELDS, task_of
from skalds.adapters.mongo.snapshot import at_one_moment, long_reading
from skalds.adapters.mongo.task_lists import (
    CREATED,
    MOVING,
    OPEN,
    OVER,
    RESTING,
    in_any,
    of_class,
    of_executor,
    of_status,
)
from skalds.model.task import Task
from skalds.model.task_query import EXACT_TOTAL_LIMIT, TaskPage, TaskQuery

NEWEST_FIRST = [("createDateTime", DESCENDING), ("id", DESCENDING)]
_IDS_AT_ONCE = 50_000
_LARGEST_SKIP = 2**62

_LISTS_BY_STATUS: dict[str, list[str]] = {
    CREATED: [OPEN, of_status(CREATED)],
    **{status: [of_status(status)] for status in (*RESTING, *MOVING)},
}
"""The lists that together have all tasks of a status but those that run."""


async def search(store: MongoStore, query: TaskQuery) -> TaskPage:
    """One page of the tasks that match every filter, and their number, at one moment."""
    return await at_one_moment(store, lambda session: _Search(store, session, query).page())


class _Search:
    """One search on one snapshot; no text of the user is ever anything but a value."""

    def __init__(self, store: MongoStore, session: Session, query: TaskQuery) -> None:
        self._tasks = store.tasks
        self._session = session
        self._query = query

    async def page(self) -> TaskPage:
        parts = parts_of(self._query)
        if not parts:
            return TaskPage([], 0)
        if self._query.id_part:
            with long_reading():
                return await self._page_by_id(parts, folded(self._query.id_part))
        return await self._page(either(parts))

    async def _page_by_id(self, parts: Sequence[Document], text: str) -> TaskPage:
        """Looks through what the other filters leave if that is little, else through the index of ids."""
        filters = equalities(self._query)
        few = bool(filters) and await self._count(either(parts)) <= EXACT_TOTAL_LIMIT
        ids = None if few else await self._ids_with(text)
        if ids is None:
            return await self._page(either([{**part, "$expr": _holds(text)} for part in parts]))
        return await self._page({**filters, "id": {"$in": ids}}, index="id_1")

    async def _page(self, condition: Document, index: str | None = None) -> TaskPage:
        total = await self._count(condition, index)
        is_exact = total <= EXACT_TOTAL_LIMIT
        offset = (self._query.page - 1) * self._query.page_size
        items = [] if is_exact and offset >= total else await self._read(condition, offset, index)
        return TaskPage(items, min(total, EXACT_TOTAL_LIMIT), is_exact)

    async def _count(self, condition: Document, index: str | None = None) -> int:
        hint: dict[str, Any] = {} if index is None else {"hint": index}
        return await self._tasks.count_documents(condition, limit=EXACT_TOTAL_LIMIT + 1, session=self._session, **hint)

    async def _read(self, condition: Document, offset: int, index: str | None) -> Sequence[Task]:
        found = self._tasks.find(
            condition,
            TASK_FIELDS,
            sort=NEWEST_FIRST,
            skip=min(offset, _LARGEST_SKIP),
            limit=self._query.page_size,
            hint=index,
            session=self._session,
        )
        return [task_of(document) for document in await found.to_list()]

    async def _ids_with(self, text: str) -> list[str] | None:
        """The ids with this text in them; None if there are too many to name."""
        found: list[str] = []
        last = ""
        while len(found) <= EXACT_TOTAL_LIMIT:
            # In steps, so that no single command lasts longer than the socket waits for.
            cursor = await self._tasks.aggregate(next_ids(last, text), hint="id_1", session=self._session)
            [step] = await cursor.to_list() or [{"count": 0, "ids": []}]
            found += step["ids"]
            if step["count"] < _IDS_AT_ONCE:
                break
            last = step["last"]
        return found if len(found) <= EXACT_TOTAL_LIMIT else None


def parts_of(query: TaskQuery) -> list[Document]:
    """Conditions that together are all filters but that of the id.

    Each has an index that gives its tasks in order, or is what runs.
    """
    if query.status is not None and query.status not in _LISTS_BY_STATUS:
        return []
    filters = equalities(query)
    # The server looks through the shortest of the lists that a task must be in.
    listed = {**filters, "$and": _lists(query) or [in_any([OPEN, OVER])]}
    if query.executor is not None:
        # What holds a slot is found by its node, which is then its executor.
        return [listed, {**filters, "dispatch.node": {"$eq": query.executor}}]
    if query.status in MOVING:
        return [listed, {**filters, "dispatch.node": {"$exists": True}}]
    return [listed]


def _lists(query: TaskQuery) -> list[Document]:
    lists: list[list[str]] = []
    if query.status is not None:
        lists.append(_LISTS_BY_STATUS[query.status])
    if query.class_name is not None:
        lists.append([of_class(query.class_name)])
    if query.executor is not None:
        lists.append([of_executor(query.executor)])
    return [in_any(names) for names in lists]


def equalities(query: TaskQuery) -> Document:
    """The filters but that of the id, as they are."""
    wanted = {"lifecycleStatus": query.status, "className": query.class_name, "executor": query.executor}
    return {name: {"$eq": value} for name, value in wanted.items() if value is not None}


def either(parts: Sequence[Document]) -> Document:
    """One condition of several; as the outermost, so that each is planned on its own."""
    return parts[0] if len(parts) == 1 else {"$or": [*parts]}


def next_ids(last: str, text: str) -> list[Document]:
    """Steps that walk on through the index of ids, without documents, and keep those with the text in them."""
    return [
        {"$match": {"id": {"$gt": last}}},
        {"$sort": {"id": 1}},
        {"$limit": _IDS_AT_ONCE},
        {
            "$group": {
                "_id": None,
                "count": {"$sum": 1},
                "last": {"$max": "$id"},
                "ids": {"$push": {"$cond": [_holds(text), "$id", "$$REMOVE"]}},
            }
        },
    ]


def folded(text: str) -> str:
    """Lower case of ASCII letters only, which is what `$toLower` does."""
    return text.encode().lower().decode()


def _holds(text: str) -> Document:
    return {"$gte": [{"$indexOfBytes": [{"$toLower": "$id"}, {"$literal": text}]}, 0]}
