"""Taking tasks in."""

from collections.abc import Sequence

from skalds.adapters.memory.memory_store import MemoryStore
from skalds.errors import DuplicateTask, IdempotencyConflict
from skalds.model.submission import submission_digest
from skalds.model.task import Task
from skalds.ports.clock import Clock
from skalds.ports.task_intake import TaskIntake


class MemoryTaskIntake:
    """`TaskIntake` in memory."""

    def __init__(self, store: MemoryStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def submit(self, tasks: Sequence[Task]) -> Sequence[Task]:
        new_keys: dict[tuple[str, str], tuple[str, str]] = {}
        replayed = [self._replayed(task, new_keys) for task in tasks]
        fresh = [index for index, known in enumerate(replayed) if known is None]
        self._refuse_duplicates(tasks, fresh)
        now = self._clock.wall_ms()
        for index in fresh:
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


_: type[TaskIntake] = MemoryTaskIntake
