"""Hints to nodes."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from skalds.adapters.sqlite.datagrams import Receiver, Sent, SocketFolder, node_socket
from skalds.adapters.sqlite.hints import bus_from, bus_to_bytes
from skalds.ports.event_bus import BusMessage, EventBus

_INBOX_LIMIT = 10_000


class DatagramEventBus:
    """`EventBus` over Unix datagrams: the socket of the node that registered last under an id receives."""

    def __init__(self, folder: SocketFolder) -> None:
        self._folder = folder

    async def announce(self, messages: Sequence[BusMessage]) -> Sequence[BusMessage]:
        return [lost for message in messages for lost in self._send(message)]

    def _send(self, message: BusMessage) -> Sequence[BusMessage]:
        if message.event.recipient is None:
            return [message]
        sent = self._folder.send(node_socket(message.event.recipient), bus_to_bytes(message))
        if sent is Sent.TOO_LARGE and len(message.event.task_ids) > 1:
            return [lost for part in _halves(message) for lost in self._send(part)]
        return [] if sent is Sent.YES else [message]

    @asynccontextmanager
    async def listen(self, node_id: str) -> AsyncIterator[AsyncIterator[BusMessage]]:
        inbox: asyncio.Queue[BusMessage | None] = asyncio.Queue()

        def receive(datagram: bytes) -> None:
            message = bus_from(datagram)
            if message is not None and inbox.qsize() < _INBOX_LIMIT:
                inbox.put_nowait(message)

        receiver = Receiver(self._folder, node_socket(node_id), receive)
        try:
            yield _until_closed(inbox)
        finally:
            receiver.close()
            inbox.put_nowait(None)


async def _until_closed(inbox: asyncio.Queue[BusMessage | None]) -> AsyncIterator[BusMessage]:
    while (message := await inbox.get()) is not None:
        yield message


def _halves(message: BusMessage) -> Sequence[BusMessage]:
    ids = message.event.task_ids
    middle = len(ids) // 2
    return [
        message._replace(event=message.event.model_copy(update={"task_ids": part}))
        for part in (ids[:middle], ids[middle:])
    ]


_: type[EventBus] = DatagramEventBus
