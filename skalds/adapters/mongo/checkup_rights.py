"""Does for real what Skalds does to MongoDB, in a collection of its own that is gone afterwards."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from time import perf_counter
from typing import Any

from pymongo import AsyncMongoClient, IndexModel, WriteConcern
from pymongo.asynchronous.collection import AsyncCollection
from pymongo.errors import OperationFailure, PyMongoError, WriteConcernError

from skalds.ports.checkup import Finding, warning, well, wrong

Document = dict[str, Any]
Client = AsyncMongoClient[Document]
Scratch = AsyncCollection[Document]
Step = Callable[[Client, Scratch], Awaitable[str]]

_UNAUTHORIZED = 13


async def find_rights(client: Client, database: str, seconds: float) -> AsyncIterator[Finding]:
    """A finding for each kind of thing that is done; after a failed write nothing else is tried."""
    durable = WriteConcern("majority", j=True, wtimeout=round(seconds * 1000))
    scratch = client[database].get_collection(f"skalds_doctor_{secrets.token_hex(4)}", write_concern=durable)
    try:
        for name, step in _STEPS.items():
            finding = await _try(name, step(client, scratch), database, seconds)
            yield finding
            if finding.is_wrong and name == "write":
                return
    finally:
        left = await _remove(scratch)
    if left is not None:
        yield left


async def _try(name: str, work: Awaitable[str], database: str, seconds: float) -> Finding:
    started = perf_counter()
    try:
        async with asyncio.timeout(2 * seconds):
            what = await work
    except TimeoutError:
        return wrong(name, f"nothing came back within {2 * seconds:g} s", "see the log of mongod and rs.status()")
    except WriteConcernError as error:
        return wrong(name, f"no majority confirms it: {error}", "bring the other members back; see rs.status()")
    except OperationFailure as error:
        fix = _grant(database) if error.code == _UNAUTHORIZED else "see the log of mongod"
        return wrong(name, str(error).partition(", full error:")[0], fix)
    except PyMongoError as error:
        return wrong(name, str(error).partition(", Timeout:")[0], "see the log of mongod")
    return well(name, f"{what}, {(perf_counter() - started) * 1000:.1f} ms")


async def _write(_: Client, scratch: Scratch) -> str:
    await scratch.insert_one({"_id": "written"})
    return "kept by a majority"


async def _read(_: Client, scratch: Scratch) -> str:
    found = await scratch.find_one({"_id": "written"})
    return "what was written" if found else "nothing, although it was written"


async def _index(_: Client, scratch: Scratch) -> str:
    # Unless told otherwise MongoDB waits for every member, and for ever while one is down.
    await scratch.create_indexes([IndexModel("id", unique=True, sparse=True)], commitQuorum="majority")
    return "made"


async def _follow(_: Client, scratch: Scratch) -> str:
    async with await scratch.watch() as changes:
        await scratch.insert_one({"_id": "followed"})
        change: Mapping[str, Any] = await changes.next()
    return f"told of {change['documentKey']['_id']!r}"


async def _transact(client: Client, scratch: Scratch) -> str:
    async with client.start_session() as session, await session.start_transaction():
        await scratch.insert_one({"_id": "first"}, session=session)
        await scratch.insert_one({"_id": "second"}, session=session)
    return "committed"


async def _remove(scratch: Scratch) -> Finding | None:
    try:
        await scratch.drop()
    except PyMongoError as error:
        detail = f"the collection {scratch.name} is left behind: {str(error).partition(', full error:')[0]}"
        return warning("clean-up", detail, f"db.{scratch.name}.drop()")
    return None


def _grant(database: str) -> str:
    return f"use {database}; db.grantRolesToUser(USER, [{{role: 'readWrite', db: '{database}'}}])"


_STEPS: dict[str, Step] = {
    "write": _write,
    "read": _read,
    "index": _index,
    "change stream": _follow,
    "transaction": _transact,
}
