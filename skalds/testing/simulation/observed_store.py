"""The memory store, with everything that is written to it noted."""

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from skalds.adapters.memory.memory_store import MemoryStore
from skalds.model.lease import LeaseRow
from skalds.model.node import Beat, Registration
from skalds.model.task import Task
from skalds.testing.simulation.history import (
    Author,
    History,
    LeaseMoved,
    SessionClosed,
    SessionLeaving,
    SessionOpened,
    SettingChanged,
    StaleBatch,
    Version,
)

K = TypeVar("K")
V = TypeVar("V")

_AGEING_STEP_MS = 60_000
NOBODY = Author("nobody", "nobody", "nothing", 0.0)


class _Watched(dict[K, V]):
    """A dictionary that tells what an entry was and what it becomes."""

    def __init__(self, tell: Callable[[K, V | None, V], None]) -> None:
        super().__init__()
        self._tell = tell

    def __setitem__(self, key: K, value: V) -> None:
        self._tell(key, self.get(key), value)
        super().__setitem__(key, value)


class _WatchedTexts(dict[str, str]):
    """Settings that tell what they become, None where one is removed."""

    def __init__(self, tell: Callable[[str, str | None], None]) -> None:
        super().__init__()
        self._tell = tell

    def __setitem__(self, name: str, text: str) -> None:
        self._tell(name, text)
        super().__setitem__(name, text)

    def pop(self, name: str, default: Any = None) -> Any:
        self._tell(name, None)
        return super().pop(name, default)


class _WatchedNumbers(set[int]):
    """A set of numbers that tells of each new one."""

    def __init__(self, tell: Callable[[int], None]) -> None:
        super().__init__()
        self._tell = tell

    def add(self, number: int) -> None:
        if number not in self:
            self._tell(number)
        super().add(number)


class ObservedStore(MemoryStore):
    """Notes versions, leases and sessions; whoever makes a call says as whom by setting `author`."""

    def __init__(self, history: History, now: Callable[[], float]) -> None:
        super().__init__(_AGEING_STEP_MS)
        self.author = NOBODY
        self.history = history
        self._now = now
        self._beats: dict[int, list[float]] = {}
        self._lease_at: dict[str, float] = {}
        self._gone: set[int] = set()
        self.leases = _Watched(self._lease_moved)
        self.registered = _Watched(self._session_moved)
        self.beats = _Watched(self._beaten)
        self.settings = _WatchedTexts(lambda name, text: history.note(SettingChanged(name, text, self.author)))
        self.leaving = _WatchedNumbers(lambda session: history.note(SessionLeaving(session)))

    def note_exits(self) -> None:
        """To be called when a process has died: its sessions have ended for certain, even after they are closed."""
        self._gone.update(self.exited)

    def note_batch(self, author: Author) -> None:
        """To be called when a call has been let through."""
        lease = author.lease
        stored = self.leases.get(lease.duty) if lease else None
        if lease and (stored is None or (stored.term, stored.holder) != (lease.term, lease.holder)):
            self.history.note(StaleBatch(author))

    def put(self, task: Task, now: int) -> Task:
        before = self.rows.get(task.id)
        stored = super().put(task, now)
        self._note(before, stored)
        return stored

    def put_claimed(self, tasks: Iterable[Task]) -> None:
        claimed = [(self.rows.get(task.id), task) for task in tasks]
        super().put_claimed([task for _, task in claimed])
        for before, task in claimed:
            self._note(before, task)

    def _note(self, before: Task | None, after: Task) -> None:
        self.history.note(Version(before, after, self.author, dict(self.leases)))

    def _lease_moved(self, duty: str, before: LeaseRow | None, after: LeaseRow) -> None:
        if before is None or (before.holder, before.term) != (after.holder, after.term):
            self.history.note(LeaseMoved(before, after, self._lease_at.get(duty, 0.0), self.author))
        self._lease_at[duty] = self._now()

    def _session_moved(self, node: str, before: Registration | None, after: Registration) -> None:
        if before is not None and not before.closed:
            self.history.note(
                SessionClosed(
                    node,
                    before.session,
                    self._beats[before.session],
                    before.session in self._gone,
                    self.author,
                )
            )
        if not after.closed:
            self._beats[after.session] = [self._now()]
            self.history.note(SessionOpened(node, after.session, self.author))

    def _beaten(self, session: int, before: Beat | None, after: Beat) -> None:
        self._beats[session].append(self._now())
