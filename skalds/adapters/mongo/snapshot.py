"""Several readings at one moment, and those that look at very much."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import pymongo
from pymongo.errors import OperationFailure

from skalds.adapters.mongo.connection import MongoStore, Session

T = TypeVar("T")

_SNAPSHOT_UNAVAILABLE = 246
_PAUSES = (0.01, 0.05, 0.25)
_LONG_SECONDS = 30.0


async def at_one_moment(store: MongoStore, read: Callable[[Session], Awaitable[T]]) -> T:
    """Runs `read` on one snapshot of the store; lets no error of the driver out."""
    with store.reading():
        for pause in _PAUSES:
            try:
                return await _read(store, read)
            except OperationFailure as error:
                # A collection or an index was made a moment ago, and the snapshot is from before that.
                if error.code != _SNAPSHOT_UNAVAILABLE:
                    raise
            await asyncio.sleep(pause)
        return await _read(store, read)


@contextmanager
def long_reading() -> Iterator[None]:
    """Lets what somebody waits for take longer than a request usually may, yet not for ever."""
    with pymongo.timeout(_LONG_SECONDS):
        yield


async def _read(store: MongoStore, read: Callable[[Session], Awaitable[T]]) -> T:
    async with store.client.start_session(snapshot=True) as session:
        return await read(session)
