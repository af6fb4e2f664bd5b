"""Random clusters for the planner, and a model of what it may know."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from hypothesis import strategies as st

from skalds.config._enum import DispatcherStrategyEnum
from skalds.model.lane import LaneKey
from skalds.model.plan import Assign
from skalds.model.snapshot import ClusterSnapshot, LaneView, NodeView, QueuedTask
from skalds.planning.filters import has_room, ineligible

NOW = 1_750_000_000_000

ANY_LANE = LaneKey("t", "C")

strategy_names = st.sampled_from(list(DispatcherStrategyEnum))


def node(name: str, **changes: object) -> NodeView:
    """An empty online node with two slots that runs class `C`."""
    return replace(NodeView(name, session=1, classes=frozenset({"C"}), slots=2), **changes)  # type: ignore[arg-type]


def lane(number: int, ranks: Sequence[int], key: LaneKey = ANY_LANE, *, more: bool = False) -> LaneView:
    """A lane of tasks `l<number>-<place>` with these ranks."""
    heads = [QueuedTask(rank, f"l{number}-{place:03}", 0) for place, rank in enumerate(sorted(ranks))]
    return LaneView(number, key, heads, more)


def snapshot(nodes: Sequence[NodeView], lanes: Sequence[LaneView]) -> ClusterSnapshot:
    return ClusterSnapshot(NOW, nodes, lanes)


@st.composite
def _nodes(draw: st.DrawFn) -> list[NodeView]:
    names = draw(st.permutations([f"n{number}" for number in range(draw(st.integers(0, 5)))]))
    return [
        NodeView(
            name,
            session=draw(st.integers(1, 9)),
            classes=draw(st.frozensets(st.sampled_from("ABC"), min_size=1)),
            slots=(slots := draw(st.integers(0, 5))),
            mode=draw(st.sampled_from(["node"] * 4 + ["edge"])),
            online=draw(st.sampled_from([True, True, True, False])),
            draining=draw(st.sampled_from([False, False, False, True])),
            live_tasks=draw(st.integers(0, slots)),
            used_slots=draw(st.integers(0, slots)),
            last_turn=draw(st.integers(0, 5)),
        )
        for name in names
    ]


_keys = st.builds(
    LaneKey,
    tenant=st.sampled_from(["t", "u"]),
    class_name=st.sampled_from("ABCD"),
    slots=st.integers(0, 3),
    pinned_to=st.sampled_from([None, None, "n0", "n9"]),
)


@dataclass(frozen=True)
class Backlog:
    """The whole queue, of which a snapshot shows the first `shown` tasks of each lane."""

    nodes: Sequence[NodeView]
    lanes: Mapping[int, tuple[LaneKey, Sequence[QueuedTask]]]
    shown: int

    @property
    def snapshot(self) -> ClusterSnapshot:
        views = [
            LaneView(number, key, tasks[: self.shown], more=len(tasks) > self.shown)
            for number, (key, tasks) in self.lanes.items()
        ]
        return ClusterSnapshot(NOW, self.nodes, views)

    @property
    def keys(self) -> Mapping[str, LaneKey]:
        """The lane key of each task, shown or not."""
        return {task.id: key for key, tasks in self.lanes.values() for task in tasks}

    def node(self, name: str) -> NodeView:
        return next(view for view in self.nodes if view.id == name)


@st.composite
def _backlogs(draw: st.DrawFn) -> Backlog:
    lanes: dict[int, tuple[LaneKey, Sequence[QueuedTask]]] = {}
    for number, key in enumerate(draw(st.lists(_keys, max_size=5, unique=True))):
        ranks = draw(st.lists(st.integers(0, 30), min_size=1, max_size=8))
        # Ids that do not follow the ranks, so that neither order can stand in for the other.
        tasks = [QueuedTask(rank, f"t{(rank * 7 + place * 13 + number) % 97:02}-{number}-{place}", place % 3)
                 for place, rank in enumerate(ranks)]  # fmt: skip
        lanes[number] = (key, sorted(tasks))
    return Backlog(draw(_nodes()), lanes, draw(st.integers(1, 9)))


backlogs = _backlogs()


class Replay:
    """Follows a plan placement by placement with an independent idea of load."""

    def __init__(self, backlog: Backlog) -> None:
        self._backlog = backlog
        self.used = {view.id: view.used_slots for view in backlog.nodes}
        self.live = {view.id: view.live_tasks for view in backlog.nodes}
        self.pending = {task.id: task for _, tasks in backlog.lanes.values() for task in tasks}

    def follow(self, assignments: Sequence[Assign]) -> Iterator[tuple[QueuedTask, Assign]]:
        """Yields each placement just before it is made."""
        for assign in assignments:
            yield self.pending[assign.task_id], assign
            del self.pending[assign.task_id]
            self.used[assign.node_id] += self._backlog.keys[assign.task_id].slots
            self.live[assign.node_id] += 1

    def open_nodes(self, task_id: str) -> list[str]:
        """The nodes that could take this task now."""
        key = self._backlog.keys[task_id]
        return [
            view.id
            for view in self._backlog.nodes
            if ineligible(view, key) is None and has_room(view.slots, self.used[view.id], key.slots)
        ]
