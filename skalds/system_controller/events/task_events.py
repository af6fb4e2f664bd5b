"""What happens to tasks, as events: made of the change feed, and of the beats of the nodes that run them."""

from collections import deque
from collections.abc import Callable, Mapping, Sequence

from skalds.model.run_change import LiveRun, RunChange
from skalds.model.task import TaskLifecycleStatus
from skalds.ports.clock import Clock
from skalds.ports.task_catalog import TaskCatalog
from skalds.runtime.log_setup import log_event
from skalds.system_controller.events import frames
from skalds.system_controller.events.broadcaster import Broadcaster
from skalds.system_controller.events.event_log import Event, EventLog
from skalds.system_controller.events.heartbeat_round import HeartbeatRound
from skalds.system_controller.events.subscription import Subscription
from skalds.system_controller.fleet import Cluster

HEARTBEATS = 200
"""Beats are shown modulo this number, as clients of 0.3.8 expect."""

END_OF_HEARTBEATS: Mapping[str, int] = {
    TaskLifecycleStatus.FINISHED.value: 200,
    TaskLifecycleStatus.FAILED.value: -1,
    TaskLifecycleStatus.CANCELLED.value: -2,
}

MOST_PENDING = 20_000
"""Changes that may wait to be told; with more, listeners are told to read everything again, which costs less."""

_LOG_EVENTS, _LOG_BYTES = 10_000, 4 * 1024 * 1024
_BATCH = 1_000
_REMEMBERED = 50_000
_GREETING = frames.connection("Task")

_State = tuple[str, int, bool, str | None]


class TaskEvents:
    """The stream of tasks. Its numbers are positions of the change feed.

    The tail tells of changes at once (`follow`); they are told to listeners in order, in batches (`publish_pending`),
    because the texts of errors have to be read first.
    """

    def __init__(
        self, epoch: str, cluster: Cluster, catalog: TaskCatalog, clock: Clock, feed_end: Callable[[], int]
    ) -> None:
        self.broadcaster = Broadcaster(EventLog(epoch, _LOG_EVENTS, _LOG_BYTES))
        self._cluster = cluster
        self._catalog = catalog
        self._clock = clock
        self._feed_end = feed_end
        self._pending: deque[RunChange] = deque()
        self._told: dict[str, _State] = {}
        self._beats: dict[tuple[str, int], int] = {}
        self._round = HeartbeatRound()

    def subscribe(self, subscription: Subscription, last_id: str = "") -> None:
        self.broadcaster.subscribe(subscription, _GREETING, last_id)

    def follow(self, changes: Sequence[RunChange]) -> bool:
        """What the tail has read (nothing: it read everything again); says whether there is something to publish."""
        if not changes:
            self._begin_anew(self._feed_end())
        elif not self.broadcaster.is_heard(self._clock.monotonic()):
            self._forget()
            self.broadcaster.log.restart(changes[-1].position)
        else:
            self._pending.extend(changes)
            if len(self._pending) > MOST_PENDING:
                log_event("WARNING", "events.overrun", changes=len(self._pending))
                self._begin_anew(changes[-1].position)
        return bool(self._pending)

    async def publish_pending(self) -> bool:
        """Tells of the next changes; says whether more are waiting. If texts cannot be read, nothing is lost."""
        batch = [self._pending.popleft() for _ in range(min(_BATCH, len(self._pending)))]
        if batch:
            try:
                texts = await self._texts(batch)
            except BaseException:
                self._pending.extendleft(reversed(batch))
                raise
            now = self._clock.wall_ms()
            news = [change for change in batch if self._note(change)]
            self.broadcaster.publish([self._event(change, texts, now) for change in news], batch[-1].position)
        return bool(self._pending)

    def publish_heartbeats(self) -> None:
        """Tells of running tasks whose node has beaten since the last time; to be called once a second."""
        if not len(self.broadcaster):
            return
        beats = {
            (known.registration.node.id, known.registration.session): known.beats for known in self._cluster.fleet.all()
        }
        new = {session: beat for session, beat in beats.items() if self._beats.get(session) != beat}
        self._beats = beats
        due = [
            run
            for run in self._cluster.live_runs.running()
            if (run.node_id, run.session) in new and self.broadcaster.wants(run.task_id)
        ]
        # Whoever listens to one task gets its heartbeat in every round.
        watched = [run for run in due if self.broadcaster.is_watched(run.task_id)]
        others = [run for run in due if not self.broadcaster.is_watched(run.task_id)]
        now = self._clock.wall_ms()

        def event_of(run: LiveRun) -> Event:
            beat = new[run.node_id, run.session] % HEARTBEATS
            return Event(run.task_id, frames.encode(frames.task_heartbeat(run.task_id, beat, run.status, now)))

        self.broadcaster.publish_passing([*map(event_of, watched), *self._round.encode(others, event_of)])

    def _begin_anew(self, position: int) -> None:
        self._forget()
        self.broadcaster.reset(position)

    def _forget(self) -> None:
        self._pending.clear()
        self._told.clear()

    async def _texts(self, changes: Sequence[RunChange]) -> Mapping[str, str]:
        """The message of the error of each task that has just failed."""
        failed = {
            change.task_id
            for change in changes
            if change.status == TaskLifecycleStatus.FAILED.value and self._is_news(change)
        }
        tasks = await self._catalog.get_many(sorted(failed)) if failed else []
        return {task.id: task.error.message for task in tasks if task.error}

    def _event(self, change: RunChange, texts: Mapping[str, str], now: int) -> Event:
        """The frames of a change; the id is on the last, so that they are told together or again."""
        values = []
        heartbeat = END_OF_HEARTBEATS.get(change.status)
        if heartbeat is not None:
            values.append(frames.task_heartbeat(change.task_id, heartbeat, change.status, now))
        text = texts.get(change.task_id)
        if text is not None and change.status == TaskLifecycleStatus.FAILED.value:
            values.append(frames.task_exception(change.task_id, text, change.status, now))
        event_id = self.broadcaster.log.id_of(change.position)
        status = frames.encode(frames.task_status(change, now), event_id)
        return Event(change.task_id, b"".join([*map(frames.encode, values), status]), change.position)

    def _is_news(self, change: RunChange) -> bool:
        """Whether it differs in what is told of a status from what was told last; progress, for one, does not."""
        return self._told.get(change.task_id) != _state(change)

    def _note(self, change: RunChange) -> bool:
        news = self._is_news(change)
        if change.final and not change.holds_slot:
            self._told.pop(change.task_id, None)
        else:
            self._told.pop(change.task_id, None)
            self._told[change.task_id] = _state(change)
            if len(self._told) > _REMEMBERED:
                del self._told[next(iter(self._told))]
        return news


def _state(change: RunChange) -> _State:
    return change.status, change.attempt, change.final, change.executor
