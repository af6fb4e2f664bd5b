"""Taking tasks in."""

from collections import Counter
from collections.abc import Mapping, Sequence

from skalds.adapters.memory.memory_store import MemoryStore
from skalds.adapters.stored_form import Edge, edge_to
from skalds.errors import DuplicateTask, FieldProblem, IdempotencyConflict, QueueFull, UnknownDependency
from skalds.model.submission import submission_digest
from skalds.model.task import Task
from skalds.ports.clock import Clock
from skalds.ports.task_intake import NO_LIMITS, TaskIntake


class MemoryTaskIntake:
    """`TaskIntake` in memory."""

    def __init__(self, store: MemoryStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def submit(self, tasks: Sequence[Task], queue_limits: Mapping[str, int] = NO_LIMITS) -> Sequence[Task]:
        new_keys: dict[tuple[str, str], tuple[str, str]] = {}
        replayed = [self._replayed(task, new_keys) for task in tasks]
        fresh = [index for index, known in enumerate(replayed) if known is None]
        self._refuse_duplicates(tasks, fresh)
        edges = self._edges(tasks, fresh)
        self._refuse_too_many([tasks[index] for index in fresh], queue_limits)
        now = self._clock.wall_ms()
        for index in fresh:
            self._store.dependencies.add(tasks[index].id, edges[index])
            self._store.put(tasks[index], now)
        self._store.idempotent.update(new_keys)
        return [self._store.rows[known or task.id] for task, known in zip(tasks, replayed, strict=True)]

    def _replayed(self, task: Task, new_keys: dict[tuple[str, str], tuple[str, str]]) -> str | None:
        """Id of the task that has this idempotency key already, here or earlier in the batch."""
        if task.idempotency_key is None:
            return None
        key = (task.tenant, task.idempotency_key)
        digest = submission_digest(task)
        known = self._store.idempotent.get(key) or new_keys.get(key)
        if known is None:
            new_keys[key] = (digest, task.id)
            return None
        if known[0] != digest:
            raise IdempotencyConflict(task.idempotency_key, task=known[1])
        return known[1]

    def _refuse_duplicates(self, tasks: Sequence[Task], fresh: Sequence[int]) -> None:
        seen: set[str] = set()
        twice: list[int] = []
        for index in fresh:
            id_ = tasks[index].id
            if id_ in seen or id_ in self._store.rows:
                twice.append(index)
            seen.add(id_)
        if twice:
            raise DuplicateTask([*dict.fromkeys(tasks[index].id for index in twice)], twice)

    def _edges(self, tasks: Sequence[Task], fresh: Sequence[int]) -> Mapping[int, Mapping[str, Edge]]:
        """What each new task has to wait for."""
        new = {tasks[index].id: tasks[index] for index in fresh}
        edges: dict[int, dict[str, Edge]] = {}
        problems: list[FieldProblem] = []
        for index in fresh:
            edges[index] = {}
            for id_ in dict.fromkeys(tasks[index].dependencies or ()):
                other = new.get(id_) or self._store.rows.get(id_)
                if other is None or other.tenant != tasks[index].tenant:
                    problems.append(FieldProblem("dependencies", f"there is no task {id_!r}", index))
                elif (edge := edge_to(other.lifecycle_status, other.final)) is not None:
                    edges[index][id_] = edge
        if problems:
            raise UnknownDependency(problems)
        return edges

    def _refuse_too_many(self, fresh: Sequence[Task], queue_limits: Mapping[str, int]) -> None:
        for tenant, number in Counter(task.tenant for task in fresh if task.is_waiting).items():
            limit = queue_limits.get(tenant)
            if limit is not None and self._store.lanes.queued_by(tenant) + number > limit:
                raise QueueFull(tenant, limit)


_: type[TaskIntake] = MemoryTaskIntake
