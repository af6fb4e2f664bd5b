"""Where the messages to a node are: one partition of each topic, known to both sides without a word between them.

    partition of a node = crc32(its id) mod number of partitions

When a topic is enlarged, senders and nodes notice within a minute, each at its own moment. So both also use the
partition that the number before led to: whoever notices first is still heard by, or still hears, the others.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self
from zlib import crc32

from skalds.adapters.kafka.event_format import to_key
from skalds.model.event import Topic

TOPICS = tuple(topic.value for topic in Topic)
"""What nodes read."""


def partition_of(node_id: str, count: int) -> int:
    """The partition of this node among `count`."""
    return crc32(to_key(node_id)) % count


@dataclass(frozen=True, slots=True)
class Partitions:
    """How many partitions each topic has, how many it had before, and which have no leader at the moment."""

    counts: Mapping[str, int]
    leaderless: frozenset[tuple[str, int]] = frozenset()
    former: Mapping[str, int] = field(default_factory=dict)

    def after(self, before: Self) -> Self:
        """The same, remembering what was before."""
        changed = {topic: count for topic, count in before.counts.items() if count != self.counts.get(topic)}
        return type(self)(self.counts, self.leaderless, {**before.former, **changed})

    def of(self, topic: str, node_id: str) -> tuple[int, ...]:
        """Where this topic carries the node's messages; the first is where it will be for good."""
        count = self.counts[topic]
        former = partition_of(node_id, self.former.get(topic, count))
        now = partition_of(node_id, count)
        return (now,) if former == now or former >= count else (now, former)

    def led(self, topic: str, node_id: str) -> tuple[int, ...]:
        """The same without those that nobody can write to; nothing while that is so for the first."""
        numbers = self.of(topic, node_id)
        led = tuple(number for number in numbers if (topic, number) not in self.leaderless)
        return led if led[:1] == numbers[:1] else ()
