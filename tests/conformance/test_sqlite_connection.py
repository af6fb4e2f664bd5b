"""The database thread: groups of writes, failures, and the end of everything."""

import asyncio
import subprocess
import sys
import threading
from collections.abc import AsyncIterator
from pathlib import Path

import apsw
import pytest

from skalds.adapters.sqlite import error_mapping
from skalds.adapters.sqlite.commit_group import CommitGroup, Job
from skalds.adapters.sqlite.connection import Connection, Work
from skalds.adapters.sqlite.select import column, one
from skalds.errors import (
    LeaseLost,
    OutcomeUnknown,
    SkaldsError,
    StoreCorrupt,
    StoreError,
    StoreFull,
    StoreUnavailable,
)


def _prepare(connection: apsw.Connection) -> None:
    connection.pragma("journal_mode", "wal")
    connection.execute("CREATE TABLE IF NOT EXISTS seen (n INTEGER PRIMARY KEY) STRICT")


def _add(number: int, error: Exception | None = None) -> Work[int]:
    def work(connection: apsw.Connection) -> int:
        connection.execute("INSERT INTO seen VALUES (?)", (number,))
        if error is not None:
            raise error
        return number

    return work


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "test.db"
    path.touch()
    return path


@pytest.fixture
async def connection(path: Path) -> AsyncIterator[Connection]:
    connection = await Connection.open(path, _prepare)
    yield connection
    await connection.close()


async def _seen(connection: Connection) -> list[int]:
    return await connection.read(lambda db: column(db, "SELECT n FROM seen ORDER BY n"))


class _Blocked:
    """Keeps the database thread busy, so that what is ordered meanwhile waits together."""

    def __init__(self, connection: Connection) -> None:
        self._go_on = threading.Event()
        self._order = asyncio.ensure_future(connection.alone(lambda _: self._go_on.wait()))

    async def __aenter__(self) -> None:
        await asyncio.sleep(0)

    async def __aexit__(self, *_: object) -> None:
        await asyncio.sleep(0)
        self._go_on.set()
        await self._order


async def test_waiting_writes_share_one_transaction(connection: Connection) -> None:
    commits = 0

    def count() -> bool:
        nonlocal commits
        commits += 1
        return False

    await connection.alone(lambda db: db.set_commit_hook(count))
    async with _Blocked(connection):
        writes = [asyncio.ensure_future(connection.write(_add(number))) for number in range(50)]
    assert await asyncio.gather(*writes) == list(range(50))
    assert commits == 1
    assert await _seen(connection) == list(range(50))


async def test_failed_job_harms_no_other(connection: Connection) -> None:
    async with _Blocked(connection):
        writes = [
            asyncio.ensure_future(connection.write(_add(number, LeaseLost("monitor", 1) if number == 1 else None)))
            for number in range(3)
        ]
        writes.append(asyncio.ensure_future(connection.write(_add(0))))
    answers = await asyncio.gather(*writes, return_exceptions=True)
    assert answers[0] == 0
    assert isinstance(answers[1], LeaseLost)
    assert answers[2] == 2
    assert type(answers[3]) is StoreError
    assert await _seen(connection) == [0, 2]


async def test_failed_job_alone_leaves_nothing(connection: Connection) -> None:
    with pytest.raises(ValueError, match="mine"):
        await connection.write(_add(1, ValueError("mine")))
    assert await _seen(connection) == []
    assert await connection.write(_add(2)) == 2


async def test_durable_groups_wait_for_the_disk_and_others_do_not(connection: Connection) -> None:
    def level(db: apsw.Connection) -> int:
        found: int = one(db, "PRAGMA synchronous")
        return found

    assert await connection.write(level) == 1
    assert await connection.write(level, durable=True) == 2
    assert await connection.write(level) == 1
    async with _Blocked(connection):
        levels = [asyncio.ensure_future(connection.write(level, durable=durable)) for durable in (False, True)]
    assert await asyncio.gather(*levels) == [1, 2]


async def test_cancelled_write_that_had_not_begun_is_not_done(connection: Connection) -> None:
    async with _Blocked(connection):
        writes = [asyncio.ensure_future(connection.write(_add(number))) for number in range(2)]
        await asyncio.sleep(0)
        writes[0].cancel()
        await asyncio.sleep(0)
    assert await writes[1] == 1
    assert await _seen(connection) == [1]


async def test_lock_held_by_another_process_is_waited_for_and_reads_go_on(connection: Connection, path: Path) -> None:
    holder = apsw.Connection(str(path))
    holder.execute("BEGIN IMMEDIATE")
    write = asyncio.ensure_future(connection.write(_add(1)))
    await asyncio.sleep(0)
    assert await _seen(connection) == []
    assert not write.done()
    holder.execute("ROLLBACK")
    assert await write == 1
    holder.close()


async def test_lock_held_for_ever_is_reported_and_then_all_is_well(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("skalds.adapters.sqlite.connection._BUSY_STEPS", 1)
    connection = await Connection.open(path, _prepare)
    holder = apsw.Connection(str(path))
    holder.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreUnavailable) as refused:
        await connection.write(_add(1))
    assert str(path) in str(refused.value)
    assert await _seen(connection) == []
    holder.execute("ROLLBACK")
    holder.close()
    assert await connection.write(_add(1)) == 1
    await connection.close()


async def test_full_store_loses_the_group_and_says_so(connection: Connection) -> None:
    pages = await connection.read(lambda db: one(db, "PRAGMA page_count"))
    await connection.alone(lambda db: db.pragma("max_page_count", pages + 2))
    await connection.alone(lambda db: db.execute("CREATE TABLE wide (t TEXT) STRICT"))

    def fill(db: apsw.Connection) -> int:
        db.execute("INSERT INTO wide VALUES (?)", ("x" * 1_000_000,))
        return 0

    async with _Blocked(connection):
        first, filling, last = (asyncio.ensure_future(connection.write(work)) for work in (_add(1), fill, _add(2)))
    answers: tuple[object, ...] = await asyncio.gather(first, filling, last, return_exceptions=True)
    assert isinstance(answers[1], StoreFull)
    for number, answer in ((1, answers[0]), (2, answers[2])):
        stored = number in await _seen(connection)
        assert stored == (answer == number)
        assert stored or isinstance(answer, StoreFull)
    await connection.alone(lambda db: db.pragma("max_page_count", 2**30))
    assert await connection.write(_add(3)) == 3


class _Stub:
    """A connection whose COMMIT fails."""

    def __init__(self, real: apsw.Connection, error: Exception) -> None:
        self._real = real
        self._error = error

    def __getattr__(self, name: str) -> object:
        return getattr(self._real, name)

    def execute(self, sql: str, *values: object) -> object:
        if sql == "COMMIT":
            raise self._error
        return self._real.execute(sql, *values)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (apsw.IOError("disk"), OutcomeUnknown),
        (apsw.CorruptError("bad"), OutcomeUnknown),
        (apsw.FullError("full"), StoreFull),
        (apsw.BusyError("busy"), StoreUnavailable),
    ],
)
async def test_commit_that_fails(path: Path, error: Exception, expected: type[SkaldsError]) -> None:
    real = apsw.Connection(str(path))
    _prepare(real)
    group = CommitGroup(_Stub(real, error), str(path))  # type: ignore[arg-type]
    loop = asyncio.get_running_loop()
    jobs = [Job(_add(number), loop.create_future()) for number in (1, 2)]
    group.write(jobs)
    assert [type(job.error) for job in jobs] == [expected, expected]
    assert not real.in_transaction
    real.close()


def test_every_error_of_the_driver_is_mapped() -> None:
    known = {value for value in vars(apsw).values() if isinstance(value, type) and issubclass(value, apsw.Error)}
    assert known - error_mapping.ERRORS.keys() == set()


def test_errors_that_callers_tell_apart() -> None:
    for driver, ours in [
        (apsw.BusyError, StoreUnavailable),
        (apsw.LockedError, StoreUnavailable),
        (apsw.CantOpenError, StoreUnavailable),
        (apsw.IOError, StoreUnavailable),
        (apsw.FullError, StoreFull),
        (apsw.CorruptError, StoreCorrupt),
        (apsw.NotADBError, StoreCorrupt),
    ]:
        assert type(error_mapping.mapped(driver("x"), "file")) is ours


async def test_file_that_is_no_database_is_corrupt(path: Path) -> None:
    path.write_bytes(b"no database " * 1000)  # noqa: ASYNC240 - nobody else waits
    with pytest.raises(StoreCorrupt):
        await Connection.open(path, _prepare)


async def test_absent_file_is_unavailable(tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailable):
        await Connection.open(tmp_path / "none.db", _prepare)


async def test_close_finishes_what_was_ordered_and_is_idempotent(path: Path) -> None:
    connection = await Connection.open(path, _prepare)
    writes = [asyncio.ensure_future(connection.write(_add(number))) for number in range(5)]
    await asyncio.sleep(0)
    await asyncio.gather(connection.close(), connection.close())
    assert await asyncio.gather(*writes) == list(range(5))
    with pytest.raises(StoreUnavailable):
        await connection.write(_add(9))
    await connection.close()
    assert "skalds-sqlite" not in [thread.name for thread in threading.enumerate()]


def test_loop_that_dies_leaves_no_process_behind(path: Path) -> None:
    script = (
        "import asyncio, pathlib, sys\n"
        "from skalds.adapters.sqlite.connection import Connection\n"
        "async def main():\n"
        "    connection = await Connection.open(pathlib.Path(sys.argv[1]), lambda db: None)\n"
        "    asyncio.ensure_future(connection.write(lambda db: db.pragma('user_version')))\n"
        "asyncio.run(main())\n"
        "print('end')\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", script, str(path)], timeout=20, capture_output=True, text=True, check=False
    )
    assert (ended.returncode, ended.stdout) == (0, "end\n"), ended.stderr


async def test_checkpoint_empties_a_large_log(
    connection: Connection, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = path.with_name("test.db-wal")
    for number in range(20):
        await connection.write(_add(number))
    assert log.stat().st_size > 0
    await connection.checkpoint()
    assert log.stat().st_size > 0
    monkeypatch.setattr("skalds.adapters.sqlite.checkpointer.TRUNCATE_ABOVE_BYTES", 1)
    await connection.checkpoint()
    assert log.stat().st_size == 0
    assert len(await _seen(connection)) == 20


async def test_a_grown_log_is_begun_anew_and_keeps_its_space(
    connection: Connection, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("skalds.adapters.sqlite.checkpointer.RESTART_ABOVE_BYTES", 1)
    log = path.with_name("test.db-wal")
    for number in range(20):
        await connection.write(_add(number))
    grown = log.stat().st_size
    await connection.checkpoint()
    for number in range(20, 40):
        await connection.write(_add(number))
    assert log.stat().st_size == grown
    assert len(await _seen(connection)) == 40


async def test_a_read_does_not_wait_for_what_the_writing_thread_does(connection: Connection) -> None:
    await connection.write(_add(1))
    async with _Blocked(connection):
        assert await _seen(connection) == [1]


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
async def test_error_that_nobody_foresaw_leaves_nobody_waiting(
    connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    def explode(*_: object, **__: object) -> bool:
        raise RuntimeError("unforeseen")

    monkeypatch.setattr(CommitGroup, "write", explode)
    orders = [connection.write(_add(1)), connection.alone(lambda _: 2), connection.write(_add(3))]
    answers = await asyncio.gather(*orders, return_exceptions=True)
    assert {type(answer) for answer in answers} == {StoreUnavailable}
    with pytest.raises(StoreUnavailable):
        await connection.write(_add(4))
