"""`python -m bench.beating_fleet COUNT DATABASE MONGO KAFKA REDIS`: nodes that register, beat, and do nothing else."""

import asyncio
import sys

import uvloop

from skalds.adapters.distributed.engine import DistributedEngine
from skalds.adapters.distributed.options import DistributedOptions
from skalds.adapters.kafka.options import KafkaOptions
from skalds.adapters.mongo.options import MongoOptions
from skalds.adapters.process.system_clock import SystemClock
from skalds.adapters.process.time_ordered_ids import TimeOrderedIds
from skalds.adapters.redis.options import RedisOptions
from skalds.model.node import Beat, Node

REGISTERED_AT_ONCE = 20


async def beat(count: int, options: DistributedOptions) -> None:
    """Registers `count` nodes and lets each of them beat once a second until the process is told to end."""
    clock = SystemClock()
    engine = await DistributedEngine.open(options, clock, TimeOrderedIds(clock), role="node")
    nodes = [Node(f"node-{number}", "node", frozenset({"Nap"}), slots=4) for number in range(count)]
    sessions: list[int] = []
    for start in range(0, count, REGISTERED_AT_ONCE):
        some = nodes[start : start + REGISTERED_AT_ONCE]
        sessions += await asyncio.gather(*(engine.directory.register(node, clock.wall_ms()) for node in some))
        if start % 100 == 0:
            await _beat_once(engine, nodes, sessions, 1)
    number = 1
    while True:
        number += 1
        await _beat_once(engine, nodes, sessions, number)
        await asyncio.sleep(1)


async def _beat_once(engine: DistributedEngine, nodes: list[Node], sessions: list[int], number: int) -> None:
    for node, session in zip(nodes, sessions, strict=False):
        await engine.directory.beat(Beat(node.id, session, number))


if __name__ == "__main__":
    _count, _database, _mongo, _kafka, _redis = sys.argv[1:]
    uvloop.run(
        beat(
            int(_count),
            DistributedOptions(
                MongoOptions(uri=_mongo, database=_database),
                KafkaOptions(servers=(_kafka,)),
                RedisOptions(url=_redis, prefix=f"skalds:{_database}"),
            ),
        )
    )
