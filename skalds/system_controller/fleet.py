"""What this controller knows of the nodes; filled by the node watch, read by dispatcher, recovery and API."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from skalds.model.node import Liveness, Registration
from skalds.system_controller.live_runs import LiveRuns


@dataclass(frozen=True, slots=True)
class KnownNode:
    """The latest registration of a node and what its silence says.

    `last_heard` is wall ms, for people; `exited` is certain knowledge that the session's process is gone.
    """

    registration: Registration
    liveness: Liveness
    exited: bool = False
    draining: bool = False
    beats: int = 0
    last_heard: int = 0
    machine_load: float | None = None

    @property
    def is_online(self) -> bool:
        return self.liveness is Liveness.ONLINE and not self.registration.closed


class Fleet:
    """The known nodes by id, replaced as a whole by each observation."""

    def __init__(self) -> None:
        self._nodes: Mapping[str, KnownNode] = {}
        self.observations = 0
        """How often the picture was replaced."""

    def replace(self, nodes: Mapping[str, KnownNode]) -> None:
        self._nodes = nodes
        self.observations += 1

    def get(self, node_id: str) -> KnownNode | None:
        return self._nodes.get(node_id)

    def all(self) -> Sequence[KnownNode]:
        return list(self._nodes.values())


@dataclass(frozen=True, slots=True)
class Cluster:
    """The two pictures that one controller keeps in memory and every part of it reads: nodes, and what runs on them."""

    fleet: Fleet
    live_runs: LiveRuns
