"""What happens to nodes, as events: made of the fleet's picture after each look at it."""

from collections.abc import Sequence

from skalds.ports.clock import Clock
from skalds.system_controller.events import frames
from skalds.system_controller.events.broadcaster import Broadcaster
from skalds.system_controller.events.event_log import Event, EventLog
from skalds.system_controller.events.heartbeat_round import HeartbeatRound
from skalds.system_controller.events.subscription import Subscription
from skalds.system_controller.events.task_events import HEARTBEATS
from skalds.system_controller.fleet import Cluster
from skalds.system_controller.operations.read_fleet import NodeOverview, list_nodes, tasks_on

ONLINE = "online"
OFFLINE = "offline"

_LOG_EVENTS, _LOG_BYTES = 2_000, 1024 * 1024
_GREETING = frames.connection("Skalds")


class NodeEvents:
    """The stream of nodes, numbered by this process: a listener begins with every node as it stands, then hears of
    changes."""

    def __init__(self, epoch: str, cluster: Cluster, clock: Clock) -> None:
        self.broadcaster = Broadcaster(EventLog(epoch, _LOG_EVENTS, _LOG_BYTES))
        self._cluster = cluster
        self._clock = clock
        self._told: dict[str, str] | None = None  # None: nobody listens
        self._beats: dict[tuple[str, int], int] = {}
        self._round = HeartbeatRound()
        self._picture: bytes | None = None

    def subscribe(self, subscription: Subscription, last_id: str = "") -> None:
        self._pause_unless_heard()
        if self._told is None:
            self._told = {_id(node): _status(node) for node in list_nodes(self._cluster)}
        self.broadcaster.subscribe(subscription, _GREETING, last_id, self._picture_for(subscription.key))

    def follow(self) -> None:
        """Tells of what the last look at the nodes has changed."""
        self._pause_unless_heard()
        told = self._told
        if told is None:
            return
        nodes = {_id(node): node for node in list_nodes(self._cluster)}
        now = self._clock.wall_ms()
        events = [
            self._status_event(id_, _status(node), node.load.tasks, now, number)
            for number, (id_, node) in enumerate(
                ((id_, node) for id_, node in nodes.items() if told.get(id_) != _status(node)),
                self.broadcaster.log.position + 1,
            )
        ]
        gone = [id_ for id_, status in told.items() if id_ not in nodes and status == ONLINE]
        events += [
            self._status_event(id_, OFFLINE, 0, now, number)
            for number, id_ in enumerate(gone, self.broadcaster.log.position + 1 + len(events))
        ]
        self._told = {id_: _status(node) for id_, node in nodes.items()}
        if events:
            self._picture = None
            self.broadcaster.publish(events)

    def publish_heartbeats(self) -> None:
        """Tells of nodes that have beaten since the last time; to be called once a second."""
        self._picture = None
        if not len(self.broadcaster):
            return
        nodes = [node for node in list_nodes(self._cluster) if self.broadcaster.wants(_id(node))]
        due = [node for node in nodes if self._beats.get(_session(node)) != node.known.beats]
        self._beats = {_session(node): node.known.beats for node in nodes}
        now = self._clock.wall_ms()
        events = self._round.encode(due, lambda node: Event(_id(node), self._heartbeat(node, now)))
        self.broadcaster.publish_passing(events)

    def _pause_unless_heard(self) -> None:
        if self._told is not None and not self.broadcaster.is_heard(self._clock.monotonic()):
            self._told = self._picture = None
            # What happens from now on is not told: nobody may resume from before.
            self.broadcaster.log.restart(self.broadcaster.log.position + 1)

    def _picture_for(self, node_id: str | None) -> bytes:
        """Status and heartbeat of every node, or of one; the former is made once for all who come within a second."""
        if node_id is not None:
            return self._show([node for node in list_nodes(self._cluster) if _id(node) == node_id])
        if self._picture is None:
            self._picture = self._show(list_nodes(self._cluster))
        return self._picture

    def _show(self, nodes: Sequence[NodeOverview]) -> bytes:
        now = self._clock.wall_ms()
        statuses = [frames.skald_status(_id(node), _status(node), node.load.tasks, now) for node in nodes]
        return b"".join([*map(frames.encode, statuses), *(self._heartbeat(node, now) for node in nodes)])

    def _heartbeat(self, node: NodeOverview, now: int) -> bytes:
        tasks = tasks_on(self._cluster, node)
        return frames.encode(
            frames.skald_heartbeat(_id(node), node.known.beats % HEARTBEATS, _status(node), tasks, now)
        )

    def _status_event(self, node_id: str, status: str, task_count: int, now: int, number: int) -> Event:
        value = frames.skald_status(node_id, status, task_count, now)
        return Event(node_id, frames.encode(value, self.broadcaster.log.id_of(number)), number)


def _id(node: NodeOverview) -> str:
    return node.known.registration.node.id


def _session(node: NodeOverview) -> tuple[str, int]:
    return _id(node), node.known.registration.session


def _status(node: NodeOverview) -> str:
    return ONLINE if node.is_present else OFFLINE
