"""`MongoStore`: the connection to the database, its collections, and transactions."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, contextmanager, suppress
from datetime import timedelta
from random import Random
from typing import Any, Self, TypeVar
from weakref import WeakValueDictionary

import pymongo
from pymongo import AsyncMongoClient
from pymongo.asynchronous.client_session import AsyncClientSession
from pymongo.asynchronous.collection import AsyncCollection
from pymongo.errors import ConfigurationError as DriverConfigurationError
from pymongo.errors import ConnectionFailure, InvalidURI, PyMongoError
from pymongo.read_concern import ReadConcern

from skalds.adapters.mongo.abandoned import end_abandoned
from skalds.adapters.mongo.error_mapping import DriverError, is_duplicate, mapped
from skalds.adapters.mongo.options import MongoOptions
from skalds.adapters.mongo.server_check import refuse_unfit
from skalds.adapters.mongo.unanswered import CommandWatch, watching
from skalds.errors import ConfigurationError, LeaseLost, OutcomeUnknown, StoreError
from skalds.model.lease import LeaseRow

T = TypeVar("T")
Document = dict[str, Any]
Session = AsyncClientSession
Work = Callable[[Session], Awaitable[T]]

SETTING = "MONGO_HOST"
_REPEAT_SECONDS = 5.0
_BLOCKED_SECONDS = 1.0
_FIRST_PAUSE = 0.005
_LONGEST_PAUSE = 0.2


class MongoStore:
    """One process's connection; open it with `open`, inside the event loop."""

    def __init__(self, client: AsyncMongoClient[Document], options: MongoOptions) -> None:
        self.client = client
        self.database = client[options.database]
        self.tasks = self._collection("tasks")
        self.lanes = self._collection("lanes")
        self.nodes = self._collection("nodes")
        self.leases = self._collection("leases")
        self.settings = self._collection("settings")
        self.audit = self._collection("audit")
        self.counters = self._collection("counters")
        self.marks = self._collection("marks")
        self._app_name = options.app_name
        self.where = f"MongoDB database {options.database!r}"
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._chance = Random()  # noqa: S311 - spreads repetitions, nothing more

    @classmethod
    async def open(cls, options: MongoOptions) -> Self:
        """Connects, and refuses servers that cannot keep our promises with the way to mend that."""
        try:
            client = AsyncMongoClient[Document](
                options.uri, **options.client_settings(), event_listeners=[CommandWatch()]
            )
            store = cls(client, options)
        except (DriverConfigurationError, InvalidURI, ValueError) as error:
            raise ConfigurationError(SETTING, "the address given", f"a MongoDB URI ({error})") from error
        try:
            with store.reading():
                await refuse_unfit(client, SETTING)
        except BaseException:
            await store.close()
            raise
        return store

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Lets no error of the driver out of a piece of code that only reads."""
        try:
            yield
        except DriverError as error:
            raise mapped(error, self.where) from error

    @contextmanager
    def writing(self) -> Iterator[None]:
        """The same for code that writes outside transactions; `OutcomeUnknown` if the answer to a write is lost."""
        with watching() as unanswered:
            try:
                yield
            except DriverError as error:
                raise mapped(error, self.where, unanswered=bool(unanswered)) from error

    @contextmanager
    def patience(self, limit: timedelta = timedelta(minutes=1)) -> Iterator[None]:
        """Gives a rare request that looks at many rows more time than others, also to a server that stands still."""
        with pymongo.timeout(limit.total_seconds()):
            yield

    async def transact(self, work: Work[T], *, lease: LeaseRow | None = None, turn: str | None = None) -> T:
        """Runs `work` in a transaction, on one snapshot; with `lease` only while that term stands, else `LeaseLost`.

        What others made impossible is repeated as a whole, so `work` must have no effect but its writes in the session
        it is given. `turn` names what many such pieces contend for: those of this process then queue instead of
        undoing each other's work.
        """
        async with AsyncExitStack() as stack:
            for name in filter(None, (turn, lease and f"lease:{lease.duty}")):
                await stack.enter_async_context(self._turns.setdefault(name, asyncio.Lock()))
            with self.reading():
                session = await stack.enter_async_context(self.client.start_session(causal_consistency=False))
            return await self._transact(session, work, lease)

    async def end_abandoned(self) -> int:
        """Ends the transactions of processes that died or froze within one; returns how many there were.

        Whoever takes a lease or keeps house calls it: nobody else can write what such a transaction wrote.
        """
        with self.reading():
            return await end_abandoned(self.client, self._app_name)

    async def close(self) -> None:
        """Disconnects; idempotent."""
        await self.client.close()

    async def _transact(self, session: Session, work: Work[T], lease: LeaseRow | None) -> T:
        clock = asyncio.get_running_loop().time
        until = clock() + _REPEAT_SECONDS
        blocked = clock() + _BLOCKED_SECONDS
        pause = _FIRST_PAUSE
        while True:
            try:
                result = await self._run(session, work, lease)
                await self._commit(session, until)
            except DriverError as error:
                if not _may_repeat(error) or clock() > until:
                    raise mapped(error, self.where) from error
                if clock() > blocked:
                    with suppress(StoreError):
                        await self.end_abandoned()
            else:
                return result
            await asyncio.sleep(pause * self._chance.uniform(0.5, 1.0))
            pause = min(2 * pause, _LONGEST_PAUSE)

    async def _run(self, session: Session, work: Work[T], lease: LeaseRow | None) -> T:
        await session.start_transaction(read_concern=ReadConcern("snapshot"))
        try:
            if lease is not None:
                await self._check_lease(session, lease)
            return await work(session)
        except BaseException:
            await session.abort_transaction()
            raise

    async def _check_lease(self, session: Session, lease: LeaseRow) -> None:
        """A write, so that whoever takes the duty at this moment conflicts with us and one of both is repeated."""
        standing = {"_id": lease.duty, "holder": lease.holder, "term": lease.term}
        outcome = await self.leases.update_one(standing, {"$inc": {"commits": 1}}, session=session)
        if not outcome.matched_count:
            raise LeaseLost(lease.duty, lease.term)

    async def _commit(self, session: Session, until: float) -> None:
        """Commits, asking again while the answer is lost; what stays unanswered has an unknown outcome."""
        with watching() as unanswered:
            while True:
                try:
                    await session.commit_transaction()
                except PyMongoError as error:
                    if not error.has_error_label("UnknownTransactionCommitResult"):
                        raise
                    if asyncio.get_running_loop().time() > until:
                        if unanswered or not isinstance(error, ConnectionFailure):
                            raise OutcomeUnknown(str(mapped(error, self.where)), store=self.where) from error
                        raise
                else:
                    return
                await asyncio.sleep(_FIRST_PAUSE)

    def _collection(self, name: str) -> AsyncCollection[Document]:
        return self.database[name]


def _may_repeat(error: Exception) -> bool:
    # A unique index refused what a commit after our snapshot brought; a new snapshot shows it.
    transient = isinstance(error, PyMongoError) and error.has_error_label("TransientTransactionError")
    return transient or is_duplicate(error)
