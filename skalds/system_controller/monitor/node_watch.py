"""Watches the nodes: who is registered, who was heard of, who is late or lost."""

from collections.abc import Mapping
from dataclasses import dataclass

from skalds.config.timings import Timings
from skalds.errors import StoreError
from skalds.model.node import Liveness, Presence, Registration
from skalds.planning.liveness import Silence, judge
from skalds.ports.clock import Clock
from skalds.ports.node_directory import NodeDirectory
from skalds.runtime.log_setup import log_event
from skalds.system_controller.fleet import Fleet, KnownNode

_LEVELS = {Liveness.ONLINE: "INFO", Liveness.SUSPECT: "WARNING", Liveness.LOST: "WARNING"}


@dataclass(slots=True)
class _Hearing:
    """What was heard of one session: `silence` grows only while this process was able to observe."""

    beats: int = 0
    silence: float = 0.0
    last_heard: int = 0
    draining: bool = False
    machine_load: float | None = None


class NodeWatch:
    """Every controller watches for itself; only the holder of the duty "monitor" acts on what it sees.

    Silence is counted in observed time: after a gap in which this process could not look (paused, store down), all
    counting starts again, since the nodes could have been heard of meanwhile. While only the beats cannot be read,
    everybody counts as before: that we hear nothing says nothing of them.
    """

    def __init__(
        self,
        directory: NodeDirectory,
        fleet: Fleet,
        clock: Clock,
        timings: Timings,
    ) -> None:
        self._directory = directory
        self._fleet = fleet
        self._clock = clock
        self._suspect = timings.suspect.total_seconds()
        self._lost = timings.lost.total_seconds()
        self._hearings: dict[tuple[str, int], _Hearing] = {}
        self._observed_at: float | None = None
        self._is_deaf = False

    async def run_once(self) -> bool:
        """Reads registrations and beats and renews the fleet's picture; says whether anything changed for dispatch."""
        # In this order: what is known of a session's end goes away when the session is closed, so that an older
        # registration beside newer presences would show a dead node as a quiet one.
        presences = await self._presences()
        registrations = await self._directory.registrations()
        elapsed = self._elapsed()
        nodes = {}
        for registration in registrations:
            session = (registration.node.id, registration.session)
            nodes[registration.node.id] = self._observe(registration, presences.get(session), elapsed)
        open_sessions = {(node_id, known.registration.session) for node_id, known in nodes.items()}
        self._hearings = {key: heard for key, heard in self._hearings.items() if key in open_sessions}
        before = {known.registration.node.id: known for known in self._fleet.all()}
        self._fleet.replace(nodes)
        return self._tell_changes(before, nodes)

    async def _presences(self) -> Mapping[tuple[str, int], Presence]:
        """What was heard of each session; nothing, and no silence either, if the beats cannot be read."""
        try:
            heard = await self._directory.presences()
        except StoreError as error:
            if not self._is_deaf:
                log_event("WARNING", "presence.unreadable", reason=error)
            self._is_deaf = True
            return {}
        if self._is_deaf:
            self._is_deaf = False
            log_event("INFO", "presence.readable")
        return {(presence.beat.node_id, presence.beat.session): presence for presence in heard}

    def _elapsed(self) -> float:
        """Observed seconds since the last look; after a gap of `suspect` or more, all silence is forgotten."""
        if self._is_deaf:
            return 0.0
        now = self._clock.monotonic()
        elapsed = 0.0 if self._observed_at is None else now - self._observed_at
        self._observed_at = now
        if elapsed < self._suspect:
            return elapsed
        for hearing in self._hearings.values():
            hearing.silence = 0.0
        return 0.0

    def _observe(self, registration: Registration, presence: Presence | None, elapsed: float) -> KnownNode:
        session = (registration.node.id, registration.session)
        hearing = self._hearings.setdefault(session, _Hearing(last_heard=registration.registered_at))
        hearing.silence += elapsed
        if presence is not None and presence.beat.count > hearing.beats:
            hearing.beats, hearing.silence = presence.beat.count, 0.0
            hearing.last_heard, hearing.draining = self._clock.wall_ms(), presence.beat.draining
            hearing.machine_load = presence.beat.machine_load
        exited = presence is not None and presence.exited
        liveness = judge(Silence(hearing.silence, exited), self._suspect, self._lost)
        draining = hearing.draining or registration.leaving
        return KnownNode(
            registration, liveness, exited, draining, hearing.beats, hearing.last_heard, hearing.machine_load
        )

    def _tell_changes(self, before: dict[str, KnownNode], now: dict[str, KnownNode]) -> bool:
        """Logs what changed for the dispatcher; says whether anything did."""
        changed = before.keys() != now.keys()
        for node_id, known in now.items():
            earlier = before.get(node_id)
            session = known.registration.session
            if earlier is None or earlier.registration.session != session:
                changed = True
                log_event("INFO", "node.joined", node=node_id, session=session, state=known.liveness.value)
            elif (earlier.liveness, earlier.is_online, earlier.draining) != (
                known.liveness,
                known.is_online,
                known.draining,
            ):
                changed = True
                if known.registration.closed:
                    log_event("INFO", "node.left", node=node_id, session=session)
                elif known.liveness is not earlier.liveness:
                    reason = {} if known.is_online else {"reason": "its process ended" if known.exited else "silent"}
                    log_event(
                        _LEVELS[known.liveness], f"node.{known.liveness.value}", node=node_id, session=session, **reason
                    )
        return changed
