"""Pools for strategies, without a planner around them: made by hand, or drawn by Hypothesis."""

import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

from hypothesis import strategies as st

from skalds.config._enum import DispatcherStrategyEnum
from skalds.model.reserved import Reserved
from skalds.model.resources import NO_RESOURCES, Resources
from skalds.model.snapshot import NodeView, QueuedTask
from skalds.planning.strategies.registry import STRATEGIES
from skalds.planning.strategies.strategy import Demand, NodeLoad, Pool
from skalds.testing.conformance.strategy import PoolPart, Scene

ONE_SLOT = Demand()

strategy_names = st.sampled_from(list(DispatcherStrategyEnum))


def view(name: str, **changes: object) -> NodeView:
    """An empty node with unlimited slots."""
    return replace(NodeView(name, session=1, classes=frozenset({"C"}), slots=0), **changes)  # type: ignore[arg-type]


def views(count: int, **changes: object) -> list[NodeView]:
    return [view(f"n{number:05}", **changes) for number in range(count)]


def load_of(nodes: Iterable[NodeView]) -> list[NodeLoad]:
    """The nodes by id, as a pass begins with them."""
    return [NodeLoad(index, node) for index, node in enumerate(sorted(nodes, key=lambda node: node.id))]


def task(number: int, affinity: str | None = None) -> QueuedTask:
    return QueuedTask(number, f"task-{number:05}", 0, affinity)


class Pass:
    """A pass over some nodes with one strategy: any number of pools that share them."""

    def __init__(self, name: str, nodes: Iterable[NodeView], rng: random.Random | None = None) -> None:
        self.loads = load_of(nodes)
        self._strategy = STRATEGIES[name]()
        self._rng = rng or random.Random(7)
        self._turn = max((load.turn for load in self.loads), default=0)

    def pool(
        self,
        demand: Demand = ONE_SLOT,
        misses: Mapping[str, int] | None = None,
        spread_label: str = "",
        members: Callable[[NodeLoad], bool] = lambda _: True,
    ) -> Callable[..., str | None]:
        """A function that picks a node for a task of `demand`, places it there and returns the node's id."""
        nodes = [load for load in self.loads if members(load)]
        missed = [misses.get(load.id, 0) for load in nodes] if misses else ()
        picker = self._strategy.picker(Pool(nodes, demand, missed, spread_label), self._rng)

        def place(affinity: str | None = None) -> str | None:
            node = picker.pick(task(self._turn + 1, affinity))
            if node is None:
                return None
            self._turn += 1
            node.place(demand, self._turn)
            return node.id

        return place

    def after(self) -> list[NodeView]:
        """The nodes as the next pass sees them."""
        return [
            replace(load.view, live_tasks=load.live_tasks, used_slots=load.used_slots, last_turn=load.turn)
            for load in self.loads
        ]


def placed(
    name: str, nodes: Iterable[NodeView], count: int, rng: random.Random | None = None, **pool: object
) -> tuple[Sequence[str | None], list[NodeView]]:
    """The nodes of `count` equal tasks, and the nodes as the next pass sees them."""
    a_pass = Pass(name, nodes, rng)
    place = a_pass.pool(**pool)  # type: ignore[arg-type]
    return [place() for _ in range(count)], a_pass.after()


@st.composite
def _nodes(draw: st.DrawFn) -> NodeView:
    slots = draw(st.integers(0, 5))
    return view(
        "",
        slots=slots,
        labels=draw(st.sampled_from([{}, {"zone": "a"}, {"zone": "b"}])),
        resources=Resources(*draw(st.tuples(st.integers(0, 3), st.integers(0, 3), st.integers(0, 2)))),
        reserved=Reserved(draw(st.integers(0, slots)), draw(st.sampled_from([0, 5]))),
        probing=frozenset(draw(st.sampled_from(["", "C"]))),
        live_tasks=draw(st.integers(0, 6)),
        used_slots=draw(st.integers(0, slots + 1)),
        machine_load=draw(st.none() | st.floats(0, 1)),
        last_turn=draw(st.integers(0, 5)),
    )


_demands = st.builds(
    Demand,
    slots=st.integers(0, 3),
    resources=st.sampled_from([NO_RESOURCES, NO_RESOURCES, Resources(1), Resources(1, 1, 1), Resources(0, 2)]),
    priority=st.sampled_from([0, 4, 5]),
    probed_class=st.sampled_from([None, None, "C"]),
)


@st.composite
def _scenes(draw: st.DrawFn) -> Scene:
    nodes = [replace(node, id=f"n{number}") for number, node in enumerate(draw(st.lists(_nodes(), max_size=6)))]
    places = st.sets(st.integers(0, len(nodes) - 1)) if nodes else st.just(set())
    pools: list[PoolPart] = []
    for members in draw(st.lists(places, min_size=1, max_size=3)):
        misses = st.lists(st.integers(0, 3), min_size=len(members), max_size=len(members))
        pools.append(PoolPart(sorted(members), draw(_demands), draw(st.just([]) | misses)))
    tasks = st.tuples(st.integers(0, len(pools) - 1), st.sampled_from([None, None, "", "a", "b", "\ud800"]))
    return Scene(nodes, pools, draw(st.lists(tasks, max_size=30)), draw(st.sampled_from(["", "zone"])))


scenes = _scenes()
