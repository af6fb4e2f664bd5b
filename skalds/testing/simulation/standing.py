"""What stood at each moment of a history: rows, sessions, settings; replayed event by event for the checks."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from skalds.model.lane import lane_key
from skalds.model.policy import DEFAULT_KEY_LIMIT, NodePolicy, Policies, TenantPolicy
from skalds.model.resources import NO_RESOURCES, resources_of
from skalds.model.snapshot import NodeView
from skalds.model.task import Task
from skalds.system_controller.policy_text import KEY_PREFIX, NODE_PREFIX, TENANT_PREFIX, read_policies
from skalds.testing.simulation.history import (
    Author,
    Event,
    History,
    SessionClosed,
    SessionLeaving,
    SessionOpened,
    SettingChanged,
    Version,
)
from skalds.testing.simulation.scenario import NODES

PAUSED = "dispatcher.paused"

_PREFIXES = (TENANT_PREFIX, KEY_PREFIX, NODE_PREFIX)
_NODES = {node.id: node for node in NODES}
_REREAD_S = 1.5
"""In calm weather a controller has read the settings again after this time: a second, and the way."""

_PLANNING_S = 2.5
"""For how long a pass may be on its way with the limits it began with."""

_READINGS_A_ROUND = 2


@dataclass(slots=True)
class Standing:
    """What stands after an event."""

    rows: dict[str, Task] = field(default_factory=dict)
    live: dict[str, Task] = field(default_factory=dict)
    sessions: dict[str, int] = field(default_factory=dict)
    """Node → its open session, while that takes work."""

    left: set[int] = field(default_factory=set)
    """Sessions that take nothing more."""

    settings: dict[str, str] = field(default_factory=dict)
    policies: Policies = field(default_factory=Policies)

    def take_in(self, event: Event) -> None:
        match event:
            case Version(after=task):
                self.rows[task.id] = task
                if task.holds_slot:
                    self.live[task.id] = task
                else:
                    self.live.pop(task.id, None)
            case SessionOpened():
                self.sessions[event.node] = event.session
            case SessionLeaving():
                self.left.add(event.session)
                self.sessions = {node: one for node, one in self.sessions.items() if one != event.session}
            case SessionClosed():
                self.left.add(event.session)
                if self.sessions.get(event.node) == event.session:
                    del self.sessions[event.node]
            case SettingChanged():
                self._set(event.name, event.text)

    def _set(self, name: str, text: str | None) -> None:
        if text is None:
            self.settings.pop(name, None)
        else:
            self.settings[name] = text
        self.policies = read_policies({n: t for n, t in self.settings.items() if n.startswith(_PREFIXES)})[0]

    def view(self, node_id: str, session: int) -> NodeView:
        """The node as a planner that knows everything would see it."""
        node = _NODES[node_id]
        mine = [task for task in self.live.values() if _session_of(task) == (node_id, session)]
        used = NO_RESOURCES
        for task in mine:
            used = used.plus(lane_key(task).resources)
        policy = self.policies.nodes.get(node_id, NodePolicy())
        return NodeView(
            id=node_id,
            session=session,
            classes=node.classes,
            slots=node.slots,
            cordoned=policy.cordoned or policy.draining,
            labels=node.labels,
            resources=resources_of(node.resources),
            reserved=node.reserved,
            live_tasks=len(mine),
            used_slots=sum(task.slots for task in mine),
            used_resources=used,
        )

    def running(self, tenant: str) -> int:
        return sum(task.tenant == tenant for task in self.live.values())

    def running_with(self, key: str) -> int:
        return sum(task.concurrency_key == key for task in self.live.values())


def replay(history: History) -> Iterator[tuple[float, Event, Standing]]:
    """Each event with what stands after it."""
    standing = Standing()
    for at, event in history.events:
        standing.take_in(event)
        yield at, event, standing


class Book:
    """The settings of a history, and which of them a controller had to know when it gave something away."""

    def __init__(self, history: History) -> None:
        self._history = history
        self._changes: dict[str, list[tuple[float, str | None]]] = {}
        for at, change in history.of(SettingChanged):
            self._changes.setdefault(change.name, []).append((at, change.text))

    def known(self, name: str, author: Author) -> Sequence[str | None]:
        """The texts of a setting by which the author of a claim may have gone."""
        changes = self._changes.get(name, [])
        since = self._knows_since(author) if changes else 0.0
        before = [text for at, text in changes if at <= since]
        later = [text for at, text in changes if since < at <= author.asked_at]
        return [before[-1] if before else None, *later]

    def tenant(self, name: str, author: Author) -> int | None:
        """The highest limit of a tenant by which the author may have gone; None: it may have known of none."""
        limits = [
            _tenant_limit(name, text and {f"{TENANT_PREFIX}{name}": text})
            for text in self.known(f"{TENANT_PREFIX}{name}", author)
        ]
        return None if None in limits else max(limit for limit in limits if limit is not None)

    def key(self, name: str, author: Author) -> int:
        """The same of a concurrency key."""
        return max(int(text) if text else DEFAULT_KEY_LIMIT for text in self.known(f"{KEY_PREFIX}{name}", author))

    def closes(self, node_id: str, author: Author) -> bool:
        """Whether the author must have known the node as cordoned or draining."""
        name = f"{NODE_PREFIX}{node_id}"
        texts = self.known(name, author)
        policies = [read_policies({name: text})[0].nodes[node_id] if text else NodePolicy() for text in texts]
        return all(policy.cordoned or policy.draining for policy in policies)

    def rests(self, author: Author) -> bool:
        """Whether the author must have known that dispatching is paused."""
        return all(text == "true" for text in self.known(PAUSED, author))

    def _knows_since(self, author: Author) -> float:
        """The moment of the reading by which the author goes at the latest.

        In a round a controller reads twice, for policies and for its dispatcher, and a claim may be on its way for
        long in bad weather.
        """
        calm = self._history.healthy_since
        if calm is not None and author.asked_at - _REREAD_S >= calm:
            return author.asked_at - _REREAD_S
        latest = author.asked_at - _PLANNING_S
        mine = [(at, one.read_at) for at, one in self._history.readings if one.process == author.process]
        known = [read_at for at, read_at in mine if at <= latest]
        if len(known) > _READINGS_A_ROUND:
            return known[-1 - _READINGS_A_ROUND]
        first = min((read_at for _, read_at in mine), default=author.asked_at)
        return min(first, author.asked_at)


def _tenant_limit(name: str, stored: Mapping[str, str] | str | None) -> int | None:
    policies = read_policies(stored)[0] if isinstance(stored, Mapping) else Policies()
    return policies.tenants.get(name, TenantPolicy()).max_running


def _session_of(task: Task) -> tuple[str, int]:
    return task.executor or "", task.assignment.session if task.assignment else 0
