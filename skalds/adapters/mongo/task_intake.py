"""Taking tasks in."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from pymongo import UpdateOne
from pymongo.errors import DuplicateKeyError

from skalds.adapters.mongo.connection import Document, MongoStore, Session
from skalds.adapters.mongo.dependencies import Other, edges_of, find_others, refuse_unknown
from skalds.adapters.mongo.documents import document_of, task_of
from skalds.adapters.mongo.feed_line import TOLD
from skalds.adapters.mongo.lane_numbers import LaneNumbers
from skalds.adapters.mongo.placing import NO_EDGES, Edges, Placer
from skalds.adapters.mongo.queue_limits import refuse_too_many
from skalds.adapters.stored_form import stored_form
from skalds.errors import DuplicateTask, IdempotencyConflict
from skalds.model.submission import submission_digest
from skalds.model.task import Task
from skalds.ports.clock import Clock
from skalds.ports.task_intake import NO_LIMITS, TaskIntake

_Key = tuple[str, str]
"""(tenant, idempotency key)"""


class MongoTaskIntake:
    """`TaskIntake` on MongoDB."""

    def __init__(self, store: MongoStore, numbers: LaneNumbers, placer: Placer, clock: Clock) -> None:
        self._store = store
        self._numbers = numbers
        self._placer = placer
        self._clock = clock

    async def submit(self, tasks: Sequence[Task], queue_limits: Mapping[str, int] = NO_LIMITS) -> Sequence[Task]:
        if not tasks:
            return []
        now = self._clock.wall_ms()
        plain = [stored_form(task) for task in tasks]
        await self._numbers.ensure(plain)
        is_plain = len(plain) == 1 and not plain[0].dependencies and plain[0].tenant not in queue_limits
        if is_plain and await self._insert_alone(plain[0], now):
            return plain

        async def work(session: Session) -> Sequence[Task]:
            return await self._submit(session, plain, queue_limits, now)

        limited = sorted({task.tenant for task in plain} & queue_limits.keys())
        return await self._store.transact(work, turn=f"queue:{limited[0]}" if limited else None)

    async def _insert_alone(self, task: Task, now: int) -> bool:
        """Stores one task that nothing else has to be read for; False if its id or key is known."""
        with self._store.writing():
            try:
                await self._store.tasks.insert_one(self._document(task, now, NO_EDGES))
            except DuplicateKeyError:
                return False
        return True

    async def _submit(
        self, session: Session, tasks: Sequence[Task], queue_limits: Mapping[str, int], now: int
    ) -> Sequence[Task]:
        replayed = await self._replayed(session, tasks)
        fresh = [index for index in range(len(tasks)) if index not in replayed]
        new = [tasks[index] for index in fresh]
        await self._refuse_duplicates(session, tasks, fresh)
        others = await find_others(self._store, session, new)
        refuse_unknown(tasks, fresh, others)
        await refuse_too_many(self._store, session, new, queue_limits)
        if new:
            await self._insert(session, new, others, now)
        return [replayed.get(index, task) for index, task in enumerate(tasks)]

    async def _replayed(self, session: Session, tasks: Sequence[Task]) -> Mapping[int, Task]:
        """By index those whose idempotency key is known, in the store or earlier in the batch, as they are stored."""
        keyed = {index: task for index, task in enumerate(tasks) if task.idempotency_key is not None}
        if not keyed:
            return {}
        known = await self._find_keys(session, {_key_of(task) for task in keyed.values()})
        replayed: dict[int, Task] = {}
        for index, task in keyed.items():
            digest = submission_digest(task)
            found = known.setdefault(_key_of(task), (digest, task))
            if found[0] != digest:
                raise IdempotencyConflict(task.idempotency_key or "", task=found[1].id)
            if found[1] is not task:
                replayed[index] = found[1]
        return replayed

    async def _find_keys(self, session: Session, keys: set[_Key]) -> dict[_Key, tuple[str, Task]]:
        wanted = [{"tenant": {"$eq": tenant}, "idempotencyKey": {"$eq": key}} for tenant, key in sorted(keys)]
        fields = {"_id": 0, TOLD: 0}
        found = await self._store.tasks.find({"$or": wanted}, fields, session=session).to_list()
        known: dict[_Key, tuple[str, Task]] = {}
        for document in found:
            task = task_of(document)
            known[_key_of(task)] = ((document.get("dispatch") or {}).get("digest", ""), task)
        return known

    async def _refuse_duplicates(self, session: Session, tasks: Sequence[Task], fresh: Sequence[int]) -> None:
        ids = [tasks[index].id for index in fresh]
        found = await self._store.tasks.find({"id": {"$in": ids}}, {"_id": 0, "id": 1}, session=session).to_list()
        seen = {task["id"] for task in found}
        twice: list[int] = []
        for index, id_ in zip(fresh, ids, strict=True):
            if id_ in seen:
                twice.append(index)
            seen.add(id_)
        if twice:
            raise DuplicateTask([*dict.fromkeys(tasks[index].id for index in twice)], twice)

    async def _insert(self, session: Session, new: Sequence[Task], others: Mapping[str, Other], now: int) -> None:
        edges = [edges_of(task, others) for task in new]
        named = Counter(id_ for task_edges in edges for id_ in task_edges.open)
        documents = [
            self._document(task, now, task_edges, named[task.id]) for task, task_edges in zip(new, edges, strict=True)
        ]
        await self._store.tasks.insert_many(documents, session=session)
        # A write, so that a task that ends at this moment conflicts with us and one of both is repeated.
        updates = [
            UpdateOne({"id": {"$eq": id_}}, {"$inc": {"dispatch.dependants": number}})
            for id_, number in named.items()
            if others[id_].stored
        ]
        if updates:
            await self._store.tasks.bulk_write(updates, session=session)

    def _document(self, task: Task, now: int, edges: Edges, dependants: int = 0) -> Document:
        placed = self._placer.dispatch(task, now, edges)
        dispatch: dict[str, Any] = {
            **placed,
            "open": edges.open or None,
            "lost": edges.lost or None,
            "dependants": dependants or None,
            "digest": submission_digest(task) if task.idempotency_key is not None else None,
        }
        kept = {name: value for name, value in dispatch.items() if value is not None}
        return {**document_of(task), "dispatch": kept, TOLD: self._placer.told(task, placed)}


def _key_of(task: Task) -> _Key:
    return task.tenant, task.idempotency_key or ""


_: type[TaskIntake] = MongoTaskIntake
