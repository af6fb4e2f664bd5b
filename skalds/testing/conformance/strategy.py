# ruff: noqa: S101, S311 - to assert is what a suite is for; scenes are made up from a seed
"""Suite of `Strategy`, for authors of strategies of their own: see docs/howto/write-your-own-strategy.md."""

import os
import random
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from skalds.model.reserved import Reserved
from skalds.model.resources import NO_RESOURCES, Resources
from skalds.model.snapshot import NodeView, QueuedTask
from skalds.planning.strategies.strategy import Demand, NodeLoad, Pool, Strategy

MakeStrategy = Callable[[], Strategy]

SEEDS = range(40)


class PoolPart(NamedTuple):
    """A pool of a scene: which of its nodes, for what, and how many preferred labels each of them lacks."""

    places: Sequence[int]
    demand: Demand
    misses: Sequence[int] = ()


@dataclass(frozen=True, slots=True)
class Scene:
    """Nodes, pools that share them, and the tasks of a pass: each the number of its pool, and its affinity key."""

    nodes: Sequence[NodeView]
    pools: Sequence[PoolPart]
    tasks: Sequence[tuple[int, str | None]]
    spread_label: str = "zone"


class Pick(NamedTuple):
    """What a picker answered: which of its nodes had room then, and whether it left all loads as they were."""

    node: str | None
    with_room: Sequence[str]
    left_alone: bool


def play(make_strategy: MakeStrategy, scene: Scene, seed: int = 7) -> Iterator[Pick]:
    """Asks the pickers of the scene task by task and places each, as a pass does."""
    loads = [NodeLoad(index, view) for index, view in enumerate(scene.nodes)]
    pools = [
        Pool([loads[place] for place in part.places], part.demand, part.misses, scene.spread_label)
        for part in scene.pools
    ]
    strategy, rng = make_strategy(), random.Random(seed)
    pickers = [strategy.picker(pool, rng) for pool in pools]
    for turn, (number, affinity) in enumerate(scene.tasks, start=max((load.turn for load in loads), default=0) + 1):
        before = [_state(load) for load in loads]
        node = pickers[number].pick(QueuedTask(turn, f"task-{turn:04}", 0, affinity))
        with_room = [load.id for load in pools[number].nodes if load.fits(pools[number].demand)]
        yield Pick(node.id if node is not None else None, with_room, before == [_state(load) for load in loads])
        if node is not None:
            node.place(pools[number].demand, turn)


def a_scene(seed: int) -> Scene:
    """A scene with everything that may matter: slots, resources, reserved slots, probes, labels, shared nodes."""
    rng = random.Random(seed)
    nodes = [_a_node(f"node-{number:02}", rng) for number in range(rng.randrange(1, 9))]
    pools = [_a_pool(len(nodes), rng) for _ in range(rng.randrange(1, 4))]
    keys = (None, "", "a", "b", "ключ")
    tasks = [(rng.randrange(len(pools)), rng.choice(keys)) for _ in range(rng.randrange(1, 40))]
    return Scene(nodes, pools, tasks)


def every_pick(make_strategy: MakeStrategy) -> list[list[str | None]]:
    """The nodes picked in all scenes of the suite."""
    return [[pick.node for pick in play(make_strategy, a_scene(seed))] for seed in SEEDS]


class StrategySuite:
    """What a `Strategy` promises; derive and provide the fixture `make_strategy`, an importable constructor."""

    def test_picks_a_node_of_the_pool_that_has_room_and_none_only_if_none_has(
        self, make_strategy: MakeStrategy
    ) -> None:
        for seed in SEEDS:
            for pick in play(make_strategy, a_scene(seed)):
                assert pick.node in pick.with_room if pick.with_room else pick.node is None, f"scene {seed}"

    def test_leaves_placing_to_the_caller(self, make_strategy: MakeStrategy) -> None:
        for seed in SEEDS:
            assert all(pick.left_alone for pick in play(make_strategy, a_scene(seed))), f"scene {seed}"

    def test_pool_without_nodes_has_no_room(self, make_strategy: MakeStrategy) -> None:
        scene = Scene([], [PoolPart([], Demand())], [(0, None), (0, "a")])
        assert [pick.node for pick in play(make_strategy, scene)] == [None, None]

    def test_same_seed_repeats_every_pick(self, make_strategy: MakeStrategy) -> None:
        assert every_pick(make_strategy) == every_pick(make_strategy)

    def test_picks_do_not_depend_on_the_salt_of_hash(self, make_strategy: MakeStrategy) -> None:
        assert _picks_under_another_salt(make_strategy) == repr(every_pick(make_strategy))


def _picks_under_another_salt(make_strategy: Any) -> str:
    module, name = make_strategy.__module__, make_strategy.__qualname__
    program = (
        "import importlib, operator; from skalds.testing.conformance.strategy import every_pick; "
        f"print(every_pick(operator.attrgetter({name!r})(importlib.import_module({module!r}))), end='')"
    )
    salt = "2" if os.environ.get("PYTHONHASHSEED") == "1" else "1"
    environment = {**os.environ, "PYTHONHASHSEED": salt, "PYTHONPATH": os.pathsep.join(sys.path)}
    run = subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-c", program], env=environment, capture_output=True, encoding="utf-8", check=False
    )
    assert run.returncode == 0, f"the strategy cannot be used from another process:\n{run.stderr}"
    return run.stdout


def _state(load: NodeLoad) -> tuple[object, ...]:
    return load.live_tasks, load.used_slots, load.used_resources, load.turn, load.probed


def _a_node(name: str, rng: random.Random) -> NodeView:
    slots = rng.randrange(6)
    return NodeView(
        name,
        session=1,
        classes=frozenset({"C"}),
        slots=slots,
        labels={"zone": rng.choice("ab")} if rng.random() < 0.8 else {},
        resources=Resources(rng.randrange(5) * 1000, rng.randrange(5)),
        reserved=Reserved(rng.randrange(slots + 1), 5) if rng.random() < 0.3 else Reserved(),
        probing=frozenset({"C"}) if rng.random() < 0.3 else frozenset(),
        live_tasks=rng.randrange(slots + 2),
        used_slots=rng.randrange(slots + 1),
        machine_load=rng.choice([None, 0.0, rng.random(), 1.0]),
        last_turn=rng.randrange(5),
    )


def _a_pool(nodes: int, rng: random.Random) -> PoolPart:
    places = sorted(rng.sample(range(nodes), rng.randrange(1, nodes + 1)))
    demand = Demand(
        rng.choice([0, 1, 1, 1, 2, 3]),
        Resources(rng.randrange(3) * 500, rng.randrange(2)) if rng.random() < 0.3 else NO_RESOURCES,
        rng.choice([0, 0, 5]),
        "C" if rng.random() < 0.3 else None,
    )
    return PoolPart(places, demand, [rng.randrange(3) for _ in places] if rng.random() < 0.4 else ())
