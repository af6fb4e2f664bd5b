"""Taking tasks in."""

from collections import Counter
from collections.abc import Mapping, Sequence

import apsw
import orjson

from skalds.adapters.sqlite.connection import Connection
from skalds.adapters.sqlite.dependencies import NewEdges
from skalds.adapters.sqlite.lane_board import COUNT_QUEUED
from skalds.adapters.sqlite.placement import Placer
from skalds.adapters.sqlite.select import column, one
from skalds.adapters.sqlite.task_catalog import select_tasks
from skalds.adapters.sqlite.versions import insert
from skalds.adapters.stored_form import stored_form
from skalds.errors import DuplicateTask, IdempotencyConflict, QueueFull
from skalds.model.submission import submission_digest
from skalds.model.task import Task
from skalds.ports.clock import Clock
from skalds.ports.task_intake import NO_LIMITS, TaskIntake

# Indexes of the ids that are stored already.
FIND_KNOWN = "SELECT asked.key FROM json_each(?) AS asked CROSS JOIN task ON task.id = asked.value"
# The task that was submitted under an idempotency key.
FIND_KEY = """
    SELECT idempotency.digest, task.id FROM idempotency JOIN task ON task.seq = idempotency.seq
    WHERE idempotency.tenant = ? AND idempotency.key = ?
"""
# A new idempotency key.
ADD_KEY = "INSERT INTO idempotency (tenant, key, digest, seq) VALUES (?, ?, ?, ?)"

_Keys = dict[tuple[str, str], tuple[str, str]]
"""(tenant, key) → (digest, id of the task)."""


class SqliteTaskIntake:
    """`TaskIntake` on SQLite."""

    def __init__(self, connection: Connection, clock: Clock) -> None:
        self._connection = connection
        self._clock = clock

    async def submit(self, tasks: Sequence[Task], queue_limits: Mapping[str, int] = NO_LIMITS) -> Sequence[Task]:
        plain = [stored_form(task) for task in tasks]
        now = self._clock.wall_ms()

        def work(connection: apsw.Connection) -> Sequence[Task]:
            return _submit(connection, Placer(connection, now), plain, queue_limits)

        return await self._connection.write(work, durable=True)


def _submit(
    connection: apsw.Connection, placer: Placer, tasks: Sequence[Task], queue_limits: Mapping[str, int]
) -> Sequence[Task]:
    new_keys: _Keys = {}
    replayed = [_replayed(connection, task, new_keys) for task in tasks]
    fresh = [index for index, known in enumerate(replayed) if known is None]
    new = [tasks[index] for index in fresh]
    _refuse_duplicates(connection, tasks, fresh)
    edges = NewEdges.find(connection, tasks, fresh)
    _refuse_too_many(connection, new, queue_limits)
    numbers = insert(connection, placer, new, [edges.worst_of(task.id) for task in new])
    seqs = {task.id: seq for task, seq in zip(new, numbers, strict=True)}
    edges.store(connection, seqs)
    placer.write_counts()
    _keep_keys(connection, new_keys, seqs)
    known = {task.id: task for task in select_tasks(connection, [id_ for id_ in replayed if id_ is not None])}
    return [task if id_ is None else known[id_] for task, id_ in zip(tasks, replayed, strict=True)]


def _replayed(connection: apsw.Connection, task: Task, new_keys: _Keys) -> str | None:
    """Id of the task that has this idempotency key already, in the store or earlier in the batch."""
    if task.idempotency_key is None:
        return None
    key = (task.tenant, task.idempotency_key)
    digest = submission_digest(task)
    known = new_keys.get(key) or connection.execute(FIND_KEY, key).fetchone()
    if known is None:
        new_keys[key] = (digest, task.id)
        return None
    if known[0] != digest:
        raise IdempotencyConflict(task.idempotency_key, task=known[1])
    return str(known[1])


def _refuse_duplicates(connection: apsw.Connection, tasks: Sequence[Task], fresh: Sequence[int]) -> None:
    ids = [tasks[index].id for index in fresh]
    stored = set(column(connection, FIND_KNOWN, (orjson.dumps(ids).decode(),)))
    seen: set[str] = set()
    twice: list[int] = []
    for position, (index, id_) in enumerate(zip(fresh, ids, strict=True)):
        if id_ in seen or position in stored:
            twice.append(index)
        seen.add(id_)
    if twice:
        raise DuplicateTask([*dict.fromkeys(tasks[index].id for index in twice)], twice)


def _refuse_too_many(connection: apsw.Connection, new: Sequence[Task], queue_limits: Mapping[str, int]) -> None:
    for tenant, number in Counter(task.tenant for task in new if task.is_waiting).items() if queue_limits else ():
        limit = queue_limits.get(tenant)
        if limit is not None and one(connection, COUNT_QUEUED, (tenant,)) + number > limit:
            raise QueueFull(tenant, limit)


def _keep_keys(connection: apsw.Connection, keys: _Keys, seqs: Mapping[str, int]) -> None:
    connection.executemany(ADD_KEY, [(*key, digest, seqs[id_]) for key, (digest, id_) in keys.items()])


_: type[TaskIntake] = SqliteTaskIntake
