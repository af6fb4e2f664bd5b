"""A strategy of one's own: the coldest rack first, by a label of the nodes. Run it: python examples/own_strategy.py"""

import random

from skalds.model.snapshot import NodeView, QueuedTask
from skalds.planning.strategies.lowest_first import MISS_BITS, LowestFirst
from skalds.planning.strategies.strategy import Demand, NodeLoad, Picker, Pool

UNKNOWN_CELSIUS = 99


def key(node: NodeLoad, missed: int) -> int:
    """Degrees, and one for each task placed in this pass; ties go to fewer missed labels, then to the smaller id."""
    label = node.view.labels.get("celsius", "")
    degrees = int(label) if label.isascii() and label.isdecimal() else UNKNOWN_CELSIUS
    return (degrees + node.live_tasks - node.view.live_tasks) << MISS_BITS | missed


class Coldest:
    """COLDEST: the node with the lowest label `celsius` that has room."""

    def picker(self, pool: Pool, rng: random.Random) -> Picker:
        return LowestFirst(pool, key)


def main() -> None:
    temperatures = {"rack-1": "24", "rack-2": "19", "rack-3": "22"}
    nodes = [
        NodeLoad(index, NodeView(name, session=1, classes=frozenset(), slots=4, labels={"celsius": celsius}))
        for index, (name, celsius) in enumerate(temperatures.items())
    ]
    pool = Pool(nodes, Demand(slots=1))
    picker = Coldest().picker(pool, random.Random(1))  # noqa: S311 - a seed repeats the picks
    for number in range(8):
        node = picker.pick(QueuedTask(rank=number, id=f"task-{number}", attempt=0))
        if node is not None:
            node.place(pool.demand, turn=number + 1)
            print(f"task-{number}: {node.id}")


if __name__ == "__main__":
    main()
