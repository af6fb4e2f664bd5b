"""From a message of the bus to the parcels of the wire."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

from skalds.adapters.kafka.event_format import pieces, to_key, to_value, with_tasks
from skalds.adapters.kafka.options import KafkaOptions
from skalds.adapters.kafka.partitions import Partitions
from skalds.adapters.kafka.sender import ANY_PARTITION, Parcel
from skalds.ports.event_bus import BusMessage


class Sending(NamedTuple):
    """A message, or a part of one, and what carries it: nothing if nothing can, two parcels while a topic grows."""

    message: BusMessage
    parcels: Sequence[Parcel]


Addressing = Callable[[BusMessage, Partitions, KafkaOptions], Iterable[Sending]]


def to_node(message: BusMessage, partitions: Partitions, options: KafkaOptions) -> Iterator[Sending]:
    """To the partition that the recipient reads."""
    topic, recipient = options.prefix + message.topic, message.event.recipient
    numbers = () if recipient is None else partitions.led(topic, recipient)
    if recipient is None or not numbers or not _is_text(message):
        yield Sending(message, ())
        return
    for part, value in pieces(message):
        yield Sending(part, [Parcel(topic, number, to_key(recipient), value) for number in numbers])


def by_task(message: BusMessage, _partitions: Partitions, options: KafkaOptions) -> Iterator[Sending]:
    """As 0.3.8 does it: an event per task, with the task's id as key and id."""
    for id_ in message.event.task_ids:
        part = message._replace(event=message.event.model_copy(update={"id": id_, "task_ids": [id_]}))
        parcels = (
            [Parcel(options.prefix + part.topic, ANY_PARTITION, to_key(id_), to_value(part.event))]
            if _is_text(part)
            else []
        )
        yield Sending(with_tasks(message, [id_]), parcels)


def _is_text(message: BusMessage) -> bool:
    """Whether it can be written as JSON; half a surrogate pair cannot."""
    try:
        to_value(message.event)
    except ValueError:
        return False
    return True
