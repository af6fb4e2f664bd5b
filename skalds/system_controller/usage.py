"""What live runs use: sums by session, by tenant, by concurrency key and by class on a session.

Sums follow entries: what was added is what is removed, so they cannot drift away from them.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping
from typing import NamedTuple

from skalds.model.lane import LaneKey
from skalds.model.resources import NO_RESOURCES, Resources

Session = tuple[str, int]
"""Node id and session number."""


class Load(NamedTuple):
    """What runs on one session of a node."""

    tasks: int = 0
    slots: int = 0
    resources: Resources = NO_RESOURCES


class TenantUse(NamedTuple):
    """What a tenant has running; a task without slots counts as one, so that it is not free."""

    running: int = 0
    slots: int = 0


NO_LOAD = Load()
NO_USE = TenantUse()


class Usage:
    """The sums, each in a table of its own; what is zero is not in it."""

    def __init__(self) -> None:
        self._loads: dict[Session, Load] = {}
        self._running: Counter[str] = Counter()
        self._slots: Counter[str] = Counter()
        self._keys: Counter[str] = Counter()
        self._classes: defaultdict[Session, Counter[str]] = defaultdict(Counter)

    @property
    def tenants(self) -> Mapping[str, TenantUse]:
        return {tenant: TenantUse(running, self._slots[tenant]) for tenant, running in self._running.items()}

    @property
    def keys(self) -> Mapping[str, int]:
        """Running tasks by concurrency key."""
        return self._keys

    def load_of(self, session: Session) -> Load:
        return self._loads.get(session, NO_LOAD)

    def of_class(self, session: Session, class_name: str) -> int:
        """How many runs of a class are on a session."""
        return self._classes[session][class_name] if session in self._classes else 0

    def add(self, session: Session, *keys: LaneKey) -> None:
        """More runs on this session, each of a task with one of these keys."""
        tasks, slots, resources = self._loads.get(session, NO_LOAD)
        for key in keys:
            slots += key.slots
            if key.resources != NO_RESOURCES:
                resources = resources.plus(key.resources)
            self._slots[key.tenant] += key.slots or 1
            if key.concurrency_key is not None:
                self._keys[key.concurrency_key] += 1
        self._loads[session] = Load(tasks + len(keys), slots, resources)
        self._running.update([key.tenant for key in keys])
        self._classes[session].update([key.class_name for key in keys])

    def remove(self, session: Session, key: LaneKey) -> None:
        """One run less."""
        load = self._loads[session]
        if load.tasks == 1:
            del self._loads[session], self._classes[session]
        else:
            self._loads[session] = Load(load.tasks - 1, load.slots - key.slots, load.resources.minus(key.resources))
            _take(self._classes[session], key.class_name)
        _take(self._running, key.tenant)
        _take(self._slots, key.tenant, key.slots or 1)
        if key.concurrency_key is not None:
            _take(self._keys, key.concurrency_key)


def _take(counts: Counter[str], name: str, by: int = 1) -> None:
    counts[name] -= by
    if not counts[name]:
        del counts[name]
