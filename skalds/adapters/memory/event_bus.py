"""Hints to nodes."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from skalds.adapters.memory.memory_store import MemoryStore
from skalds.ports.event_bus import BusMessage, EventBus


class MemoryEventBus:
    """`EventBus` in memory: delivers to whoever listens for the recipient at that moment."""

    def __init__(self, store: MemoryStore) -> None:
        self._store = store

    async def announce(self, messages: Sequence[BusMessage]) -> Sequence[BusMessage]:
        return [message for message in messages if not self._deliver(message)]

    def _deliver(self, message: BusMessage) -> bool:
        inboxes = self._store.listeners.get(message.event.recipient or "", ())
        for inbox in inboxes:
            inbox.put_nowait(message)
        return bool(inboxes)

    @asynccontextmanager
    async def listen(self, node_id: str) -> AsyncIterator[AsyncIterator[BusMessage]]:
        inbox: asyncio.Queue[BusMessage | None] = asyncio.Queue()
        inboxes = self._store.listeners.setdefault(node_id, [])
        inboxes.append(inbox)
        try:
            yield _until_closed(inbox)
        finally:
            inboxes.remove(inbox)
            inbox.put_nowait(None)


async def _until_closed(inbox: asyncio.Queue[BusMessage | None]) -> AsyncIterator[BusMessage]:
    while (message := await inbox.get()) is not None:
        yield message


_: type[EventBus] = MemoryEventBus
