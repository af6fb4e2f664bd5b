"""Jobs for the database thread, and how waiting writes share one transaction."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import apsw

from skalds.adapters.sqlite.error_mapping import NOT_COMMITTED, mapped
from skalds.errors import OutcomeUnknown, StoreUnavailable

_NORMAL, _FULL = 1, 2


@dataclass(slots=True, eq=False)
class Job:
    """One piece of work, and what became of it."""

    work: Callable[[apsw.Connection], Any]
    future: asyncio.Future[Any]
    durable: bool = False
    result: Any = None
    error: Exception | None = None


class CommitGroup:
    """Runs jobs on the one connection of its thread; a job's failure harms no other job."""

    def __init__(self, connection: apsw.Connection, path: str) -> None:
        self._connection = connection
        self._path = path
        self._synchronous = _NORMAL
        connection.pragma("synchronous", _NORMAL)

    def write(self, jobs: Sequence[Job], *, last_try: bool = True) -> bool:
        """All jobs in one transaction, each in a savepoint of its own; what a job changed is lost if it failed.

        False if another process holds the lock and this was not the last try: then no job has run.
        """
        try:
            self._begin(durable=any(job.durable for job in jobs))
        except apsw.Error as error:
            if isinstance(error, apsw.BusyError) and not last_try:
                return False
            _fail(jobs, _mapped_from(error, self._path))
            return True
        self._write_in_transaction(jobs)
        return True

    def _write_in_transaction(self, jobs: Sequence[Job]) -> None:
        for done, job in enumerate(jobs):
            self._write_one(job, alone=len(jobs) == 1)
            if not self._connection.in_transaction:
                # Full disks and I/O errors make SQLite roll back everything, the jobs before included.
                _fail(jobs[:done], job.error)
                _fail(jobs[done + 1 :], job.error)
                return
        self._commit(jobs)

    def read(self, job: Job) -> None:
        """One job on one consistent state of the database."""
        try:
            self._connection.execute("BEGIN")
            try:
                job.result = job.work(self._connection)
            finally:
                self._roll_back()
        except apsw.Error as error:
            job.error = _mapped_from(error, self._path)
        except Exception as error:
            job.error = error

    def alone(self, job: Job) -> None:
        """One job outside transactions."""
        try:
            job.result = job.work(self._connection)
        except apsw.Error as error:
            job.error = _mapped_from(error, self._path)
        except Exception as error:
            job.error = error

    def _begin(self, *, durable: bool) -> None:
        wanted = _FULL if durable else _NORMAL
        if wanted != self._synchronous:
            self._connection.pragma("synchronous", wanted)
            self._synchronous = wanted
        self._connection.execute("BEGIN IMMEDIATE")

    def _write_one(self, job: Job, *, alone: bool) -> None:
        try:
            if not alone:
                self._connection.execute("SAVEPOINT job")
            job.result = job.work(self._connection)
            if not alone:
                self._connection.execute("RELEASE job")
        except apsw.Error as error:
            job.error = _mapped_from(error, self._path)
        except Exception as error:
            job.error = error
        if job.error is not None and self._connection.in_transaction:
            self._undo(job, alone=alone)

    def _undo(self, job: Job, *, alone: bool) -> None:
        if alone:
            self._roll_back()
            return
        try:
            self._connection.execute("ROLLBACK TO job; RELEASE job")
        except apsw.Error:
            self._roll_back()

    def _commit(self, jobs: Sequence[Job]) -> None:
        try:
            self._connection.execute("COMMIT")
        except NOT_COMMITTED as error:
            self._roll_back()
            _fail(jobs, _mapped_from(error, self._path))
        except apsw.Error as error:
            # The commit record may have reached the log: a restart could still bring it to light.
            self._roll_back()
            unknown = OutcomeUnknown(f"{self._path}: the commit was not confirmed: {error}", file=self._path)
            unknown.__cause__ = error
            _fail(jobs, unknown)

    def _roll_back(self) -> None:
        if self._connection.in_transaction:
            # It fails only where SQLite has rolled back by itself.
            with suppress(apsw.Error):
                self._connection.execute("ROLLBACK")


def refuse(jobs: Sequence[Job], path: str) -> None:
    """Fails jobs that came too late."""
    _fail(jobs, StoreUnavailable(f"{path}: this connection is closed", file=path))


def _fail(jobs: Sequence[Job], error: Exception | None) -> None:
    for job in jobs:
        job.error = job.error or error


def _mapped_from(error: apsw.Error, path: str) -> Exception:
    ours = mapped(error, path)
    ours.__cause__ = error
    return ours
