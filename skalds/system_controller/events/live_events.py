"""The event streams of one controller: what feeds them, and the beat they keep."""

from collections.abc import Callable, Sequence
from datetime import timedelta

from skalds.model.run_change import RunChange
from skalds.runtime.periodic import Periodic
from skalds.runtime.service import Service
from skalds.system_controller.events.node_events import NodeEvents
from skalds.system_controller.events.task_events import TaskEvents
from skalds.system_controller.fleet import Cluster
from skalds.system_controller.surroundings import Surroundings

HEARTBEAT_INTERVAL = timedelta(seconds=1)
KEEP_ALIVE = timedelta(seconds=15)


class LiveEvents:
    """The stream of tasks and the stream of nodes; `feed_end` tells how far the change feed has been read."""

    def __init__(self, around: Surroundings, cluster: Cluster, feed_end: Callable[[], int]) -> None:
        # A dash less: ids are `<epoch>-<n>`. Each stream has an epoch of its own, so their ids cannot be mixed up.
        epoch = around.ids.new().replace("-", "")
        clock = around.clock
        self.tasks = TaskEvents(f"{epoch}t", cluster, around.engine.catalog, clock, feed_end)
        self.nodes = NodeEvents(f"{epoch}s", cluster, clock)
        # Woken by the tail; by itself it only tries again what failed.
        self._publishing = Periodic(self._publish, KEEP_ALIVE, clock, name="events")
        self._beating = Periodic(self._beat, HEARTBEAT_INTERVAL, clock, name="heartbeats")
        self._keeping_alive = Periodic(self._keep_alive, KEEP_ALIVE, clock, name="keep_alive")

    def services(self) -> Sequence[Service]:
        return [self._publishing, self._beating, self._keeping_alive]

    def follow_changes(self, changes: Sequence[RunChange]) -> None:
        """A listener of the change tail."""
        if self.tasks.follow(changes):
            self._publishing.wake()

    def follow_fleet(self) -> None:
        """To be called after each look at the nodes."""
        self.nodes.follow()

    async def _publish(self) -> None:
        # One batch at a time: connections get their turn before the next one is added to their buffers.
        if await self.tasks.publish_pending():
            self._publishing.wake()

    async def _beat(self) -> None:
        self.tasks.publish_heartbeats()
        self.nodes.publish_heartbeats()

    async def _keep_alive(self) -> None:
        self.tasks.broadcaster.keep_alive()
        self.nodes.broadcaster.keep_alive()
