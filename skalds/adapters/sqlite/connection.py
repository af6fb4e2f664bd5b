"""The connections to the database: one writes, one reads, each on a thread of its own."""

import asyncio
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any, Literal, NamedTuple, Self, TypeVar

import apsw

from skalds.adapters.sqlite.checkpointer import Checkpointer
from skalds.adapters.sqlite.commit_group import CommitGroup, Job, refuse
from skalds.adapters.sqlite.error_mapping import mapped
from skalds.adapters.sqlite.read_thread import ReadThread

T = TypeVar("T")
Work = Callable[[apsw.Connection], T]

_BUSY_STEP_SECONDS = 0.0005
_BUSY_STEPS = 400
_BUSY_TRIES = 30
_GROUP_LIMIT = 500
_CACHE_KIB = 64 << 10
_READ_CACHE_KIB = 16 << 10


def _wait_for_lock(tries: int) -> bool:
    """Asks again every half millisecond; SQLite's own handler soon waits 100 ms, and others slip in meanwhile."""
    time.sleep(_BUSY_STEP_SECONDS)
    return tries < _BUSY_STEPS


class _Order(NamedTuple):
    kind: Literal["write", "alone"]
    job: Job


class Connection:
    """Hands work to the threads of the database and brings back what came of it.

        await write(work) ──► queue ──► writing: BEGIN IMMEDIATE, all writes that wait, COMMIT ──► loop: results
        await read(work)  ──► queue ──► reading: BEGIN, work, ROLLBACK ──────────────────────────► loop: results

    While one group commits the next one gathers, so the cost of a commit is shared by all who waited for it. Writes
    that need not survive a power cut have groups of their own and go first, so that a claim does not wait for the disk
    on behalf of somebody else's submit. Reads wait for no write, ours or another process's.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._orders: SimpleQueue[_Order | None] = SimpleQueue()
        self._loop = asyncio.get_running_loop()
        self._thread = threading.Thread(target=self._serve, name="skalds-sqlite", daemon=True)
        self._opened: asyncio.Future[None] = self._loop.create_future()
        self._closed: asyncio.Future[None] = self._loop.create_future()
        self._closing = False
        self._taken: list[_Order] = []
        self._writes: list[Job] = []
        self._busy_tries = 0
        self._reading: ReadThread | None = None
        self._checkpointer = Checkpointer(path, self._connect)

    @classmethod
    async def open(cls, path: Path, prepare: Work[None]) -> Self:
        """Connects and runs `prepare` before anything else; if that fails the connection is closed again."""
        connection = cls(path)
        connection._thread.start()
        try:
            await connection._opened
            await connection.alone(prepare)
            await connection.alone(connection._begin_to_read)
        except BaseException:
            await connection.close()
            raise
        return connection

    async def write(self, work: Work[T], *, durable: bool = False) -> T:
        """Runs `work` in a transaction that is committed before this returns; `durable` survives a power cut."""
        return await self._order("write", work, durable=durable)

    async def read(self, work: Work[T]) -> T:
        """Runs `work`, which must not write, on one consistent state."""
        return await self._order("read", work)

    async def alone(self, work: Work[T]) -> T:
        """Runs `work` outside transactions."""
        return await self._order("alone", work)

    async def checkpoint(self) -> None:
        """Moves what was committed from the log into the database file; shortens the log when it has grown large."""
        await asyncio.to_thread(self._checkpointer.run_once)

    async def close(self) -> None:
        """Finishes what was ordered, then disconnects and ends the thread; idempotent."""
        if not self._closing:
            self._closing = True
            self._orders.put(None)
            if self._reading is not None:
                self._reading.close()
        await asyncio.shield(self._closed)
        self._thread.join()

    async def _order(self, kind: Literal["write", "read", "alone"], work: Work[T], *, durable: bool = False) -> T:
        job = Job(work, self._loop.create_future(), durable)
        if self._closing:
            refuse([job], str(self._path))
            self._resolve([job])
        elif kind == "read" and self._reading is not None:
            self._reading.ask(job)
        elif kind != "read":
            self._orders.put(_Order(kind, job))
        result: T = await job.future
        return result

    def _serve(self) -> None:
        try:
            connection = self._connect()
        except apsw.Error as error:
            self._tell(self._closed.set_result, None)
            self._tell(self._opened.set_exception, mapped(error, str(self._path)))
            return
        self._tell(self._opened.set_result, None)
        try:
            self._serve_orders(CommitGroup(connection, str(self._path)))
        finally:
            # After an error that nobody foresaw, too, nobody waits for ever.
            self._closing = True
            self._refuse_what_is_left()
            connection.close(True)
            self._tell(self._closed.set_result, None)

    def _serve_orders(self, group: CommitGroup) -> None:
        goes_on = True
        while goes_on or self._writes:
            if goes_on:
                goes_on = self._gather(self._taken)
            self._run(group, self._taken)
            self._taken.clear()

    def _refuse_what_is_left(self) -> None:
        left = [*self._writes, *(order.job for order in self._taken)]
        with suppress(Empty):
            while True:
                order = self._orders.get_nowait()
                left.extend([order.job] if order is not None else [])
        refuse(left, str(self._path))
        self._tell(self._resolve, left)

    def _begin_to_read(self, _: apsw.Connection) -> None:
        connection = self._connect()
        connection.pragma("cache_size", -_READ_CACHE_KIB)
        self._reading = ReadThread(connection, str(self._path), lambda jobs: self._tell(self._resolve, jobs))

    def _connect(self) -> apsw.Connection:
        connection = apsw.Connection(str(self._path), flags=apsw.SQLITE_OPEN_READWRITE)
        connection.set_busy_handler(_wait_for_lock)
        connection.wal_autocheckpoint(0)
        connection.pragma("temp_store", 2)
        connection.pragma("cache_size", -_CACHE_KIB)
        return connection

    def _gather(self, orders: list[_Order]) -> bool:
        """Takes all orders that wait, at least one unless there are writes to try again; False once it met the end."""
        try:
            order = self._orders.get(block=not self._writes)
            while order is not None:
                if not order.job.future.cancelled():
                    orders.append(order)
                if len(orders) >= _GROUP_LIMIT:
                    return True
                order = self._orders.get_nowait()
        except Empty:
            return True
        return False

    def _run(self, group: CommitGroup, orders: Sequence[_Order]) -> None:
        self._writes.extend(order.job for order in orders if order.kind == "write")
        for durable in (False, True):
            self._write(group, [job for job in self._writes if job.durable is durable])
        others = [order.job for order in orders if order.kind == "alone"]
        for job in others:
            group.alone(job)
        if others:
            self._tell(self._resolve, others)

    def _write(self, group: CommitGroup, jobs: Sequence[Job]) -> None:
        if not jobs:
            return
        self._busy_tries += 1
        if group.write(jobs, last_try=self._busy_tries >= _BUSY_TRIES):
            self._tell(self._resolve, jobs)
            self._writes = [job for job in self._writes if job.durable is not jobs[0].durable]
            self._busy_tries = 0

    def _tell(self, callback: Callable[..., Any], argument: Any) -> None:
        try:
            self._loop.call_soon_threadsafe(callback, argument)
        except RuntimeError:
            # The loop is closed: nobody is left to hear it.
            self._closing = True

    @staticmethod
    def _resolve(jobs: Sequence[Job]) -> None:
        for job in jobs:
            if job.future.done():
                continue
            if job.error is not None:
                job.future.set_exception(job.error)
            else:
                job.future.set_result(job.result)
