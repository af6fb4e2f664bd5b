"""The feed: one change stream per controller, kept as the latest versions in order.

start ──► following ──(connection lost)──► resumed by token ──► following
                            │
                            └─(token of no use)──► torn: positions jump, rows have to be read again ──► following
"""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import uuid4

from bson.timestamp import Timestamp
from pymongo.errors import OperationFailure

from skalds.adapters.mongo.change_events import pipeline
from skalds.adapters.mongo.connection import Document, MongoStore
from skalds.adapters.mongo.error_mapping import DriverError
from skalds.adapters.mongo.feed_line import run_change
from skalds.adapters.mongo.version_buffer import VersionBuffer
from skalds.errors import StoreUnavailable
from skalds.model.run_change import LiveRun, RunChange

if TYPE_CHECKING:
    from pymongo.asynchronous.change_stream import AsyncChangeStream

_BATCH = 1_000
_MARK_SECONDS = 5.0
_PAUSE_SECONDS = 0.2
_READ_BATCH = 20_000

_IS_LIVE = {"dispatch.node": {"$exists": True}}
_LIVE_FIELDS = {"_id": 0, "id": 1, "attempt": 1, "lifecycleStatus": 1, "dispatch": {"node": 1, "session": 1, "lane": 1}}


class _Mark(NamedTuple):
    """Where the stream told of a mark: everything committed before `moment` has a position up to `position`."""

    position: int
    moment: Timestamp


class MongoFeed:
    """What was committed since this process began to listen; `on_change` is called for every version that is told."""

    def __init__(self, store: MongoStore, on_change: Callable[[], None] = lambda: None) -> None:
        self._store = store
        self._on_change = on_change
        self._name = uuid4().hex
        self._versions = VersionBuffer()
        self._last_mark = 0
        self._waiting: dict[int, asyncio.Future[_Mark | None]] = {}
        self._stream: AsyncChangeStream[Document] | None = None
        self._following: asyncio.Task[None] | None = None
        self._starting = asyncio.Lock()
        self._closed = asyncio.Event()

    async def start(self) -> None:
        """Listens from now on; idempotent. Controllers do so before they read anything."""
        async with self._starting:
            if self._following is None:
                with self._store.reading():
                    await self._open(None)
                self._following = asyncio.create_task(self._follow(), name="feed")

    def changes_since(self, position: int, limit: int) -> Sequence[RunChange] | None:
        """The versions after `position`; None if they are not all kept, or `position` is not of this feed."""
        if self._following is None:
            return None
        texts = self._versions.after(position, limit)
        if texts is None:
            return None
        return [run_change(text, number) for number, text in enumerate(texts, start=position + 1)]

    async def live_runs(self) -> tuple[Sequence[LiveRun], int]:
        """Everything that holds capacity at the moment of a mark, and the position of that mark."""
        await self.start()
        mark = None
        while mark is None:
            mark = await self._mark()
        command = {
            "find": self._store.tasks.name,
            "filter": _IS_LIVE,
            "projection": _LIVE_FIELDS,
            "hint": "live",
            "batchSize": _READ_BATCH,
            "readConcern": {"level": "snapshot", "atClusterTime": mark.moment},
        }
        with self._store.reading():
            found = await (await self._store.database.cursor_command(command)).to_list()
        return [_live_run(document) for document in found], mark.position

    def trim(self, keep: int) -> None:
        """Forgets all but the latest `keep` versions."""
        self._versions.trim(keep)

    async def close(self) -> None:
        """Stops listening; idempotent."""
        following, self._following = self._following, None
        if following is not None:
            # The driver may take the cancellation for a lost connection: the loop has to see the end by itself.
            self._closed.set()
            following.cancel()
            await asyncio.wait({following})
        if self._stream is not None:
            with suppress(*DriverError):
                await self._stream.close()
                await self._store.marks.delete_one({"_id": self._name})
            self._stream = None

    async def _mark(self) -> _Mark | None:
        """Writes a mark and waits until the stream tells of it, or of a later one; None if it may never do so."""
        self._last_mark += 1
        number = self._last_mark
        told: asyncio.Future[_Mark | None] = asyncio.get_running_loop().create_future()
        self._waiting[number] = told
        try:
            with self._store.writing():
                update = {"$set": {"number": number}, "$currentDate": {"at": True}}
                await self._store.marks.update_one({"_id": self._name}, update, upsert=True)
            await self._until(told)
        finally:
            del self._waiting[number]
        return told.result()

    async def _until(self, told: "asyncio.Future[_Mark | None]") -> None:
        following = self._following
        watched: set[asyncio.Future[Any]] = {told} if following is None else {told, following}
        await asyncio.wait(watched, timeout=_MARK_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        if not told.done():
            if following is not None and following.done():
                following.result()
            raise StoreUnavailable(f"{self._store.where}: the change stream does not follow", store=self._store.where)

    async def _follow(self) -> None:
        while not self._closed.is_set():
            try:
                await self._take_all()
            except DriverError:
                await asyncio.sleep(_PAUSE_SECONDS)
            if not self._closed.is_set():
                await self._reopen()

    async def _take_all(self) -> None:
        """Takes events until there can come no more."""
        stream = self._stream
        while stream is not None and stream.alive and not self._closed.is_set():
            event = await stream.try_next()
            if event is not None:
                self._take(event)

    async def _reopen(self) -> None:
        """Goes on where the stream broke off, or from now on if the store no longer reaches back that far."""
        token = self._stream.resume_token if self._stream is not None else None
        try:
            await self._open(token)
            if token is None:
                self._give_up_marks()
        except OperationFailure:
            self._versions.tear()
            self._stream = None
            self._on_change()
            await asyncio.sleep(_PAUSE_SECONDS)
        except DriverError:
            await asyncio.sleep(_PAUSE_SECONDS)

    async def _open(self, token: Any) -> None:
        self._stream = await self._store.database.watch(
            pipeline(self._store.tasks.name, self._store.marks.name, self._name), start_after=token, batch_size=_BATCH
        )

    def _give_up_marks(self) -> None:
        """What was written before a stream without history began has to be written again."""
        for told in self._waiting.values():
            if not told.done():
                told.set_result(None)

    def _take(self, event: Document) -> None:
        text = event.get("told")
        if text is not None:
            self._versions.add(text)
            self._on_change()
            return
        for number, told in self._waiting.items():
            if number <= event["mark"] and not told.done():
                told.set_result(_Mark(self._versions.position, event["clusterTime"]))


def _live_run(document: Document) -> LiveRun:
    dispatch = document["dispatch"]
    return LiveRun(
        task_id=document["id"],
        attempt=document["attempt"],
        status=document["lifecycleStatus"],
        node_id=dispatch["node"],
        session=dispatch["session"],
        lane=dispatch["lane"],
    )
