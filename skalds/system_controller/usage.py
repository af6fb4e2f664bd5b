"""What live runs use: sums by session, by tenant, by concurrency key and by class on a session.

Sums follow entries: what was added is what is removed, so they cannot drift away from them.
"""

from collections import Counter
from collections.abc import Mapping
from typing import NamedTuple, TypeVar

from skalds.model.lane import LaneKey
from skalds.model.resources import NO_RESOURCES, Resources

T = TypeVar("T")

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
        self._tenants: dict[str, TenantUse] = {}
        self._keys: Counter[str] = Counter()
        self._classes: Counter[tuple[Session, str]] = Counter()

    @property
    def tenants(self) -> Mapping[str, TenantUse]:
        return self._tenants

    @property
    def keys(self) -> Mapping[str, int]:
        """Running tasks by concurrency key."""
        return self._keys

    def load_of(self, session: Session) -> Load:
        return self._loads.get(session, NO_LOAD)

    def of_class(self, session: Session, class_name: str) -> int:
        """How many runs of a class are on a session."""
        return self._classes[session, class_name]

    def add(self, session: Session, key: LaneKey) -> None:
        """One more run of a task of this lane."""
        load = self._loads.get(session, NO_LOAD)
        resources = load.resources if key.resources == NO_RESOURCES else load.resources.plus(key.resources)
        self._loads[session] = Load(load.tasks + 1, load.slots + key.slots, resources)
        use = self._tenants.get(key.tenant, NO_USE)
        self._tenants[key.tenant] = TenantUse(use.running + 1, use.slots + (key.slots or 1))
        if key.concurrency_key is not None:
            self._keys[key.concurrency_key] += 1
        self._classes[session, key.class_name] += 1

    def remove(self, session: Session, key: LaneKey) -> None:
        """One run less."""
        load = self._loads[session]
        if load.tasks == 1:
            del self._loads[session]
        else:
            self._loads[session] = Load(load.tasks - 1, load.slots - key.slots, load.resources.minus(key.resources))
        use = self._tenants[key.tenant]
        if use.running == 1:
            del self._tenants[key.tenant]
        else:
            self._tenants[key.tenant] = TenantUse(use.running - 1, use.slots - (key.slots or 1))
        _take_one(self._classes, (session, key.class_name))
        if key.concurrency_key is not None:
            _take_one(self._keys, key.concurrency_key)


def _take_one(counts: Counter[T], name: T) -> None:
    counts[name] -= 1
    if not counts[name]:
        del counts[name]
