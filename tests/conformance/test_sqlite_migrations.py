"""A store of an earlier version is brought forward with all it holds, after a copy, whatever interrupts it."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import apsw
import pytest

from skalds.adapters.sqlite import schema
from skalds.adapters.sqlite.engine import SqliteEngine
from skalds.adapters.sqlite.select import column, one
from skalds.model.lane import lane_key
from skalds.model.lease import Duty
from skalds.model.plan import WaitReason
from skalds.model.run_change import Change
from skalds.model.task import Task, TaskLifecycleStatus
from skalds.testing import FakeClock, a_node, a_task
from skalds.testing.builders import A_MOMENT
from skalds.testing.conformance.steps import a_claim, lead, ready_ids, to

STORES = Path(__file__).parent / "stores"
LATEST = len(schema.STEPS)

INTERRUPTED = """
import os, signal, sys
from pathlib import Path
import apsw
from skalds.adapters.sqlite import schema

def killed_in_the_middle(connection):
    connection.execute("CREATE TABLE half_done (n INTEGER) STRICT; UPDATE run SET rev = 999")
    os.kill(os.getpid(), signal.SIGKILL)

path = Path(sys.argv[1])
steps = [*schema.STEPS[: int(sys.argv[2])], killed_in_the_middle]
schema.migrate(apsw.Connection(str(path)), path, steps)
"""


def _store_of(version: int, folder: Path) -> Path:
    """A data directory of that version."""
    data = folder / "data"
    data.mkdir(mode=0o700)
    database = apsw.Connection(str(data / "skalds.db"))
    database.pragma("journal_mode", "wal")
    database.execute((STORES / f"version_{version}.sql").read_text(encoding="utf-8"))
    assert schema.version_of(database) == version
    database.close()
    return data


def _read_then(version: int) -> list[dict[str, object]]:
    """What the version that made the store read from it, with the fields of today at their defaults."""
    stored = json.loads((STORES / f"version_{version}.json").read_text(encoding="utf-8"))
    return [Task.model_validate(fields).model_dump(mode="json") for fields in stored]


@pytest.fixture
def old_store(tmp_path: Path) -> Path:
    """A data directory of version 1."""
    return _store_of(1, tmp_path)


async def _open(data: Path) -> SqliteEngine:
    return await SqliteEngine.open(data, FakeClock(), role="controller")


async def _tasks(engine: SqliteEngine, version: int = 1) -> list[dict[str, object]]:
    ids = [str(task["id"]) for task in _read_then(version)]
    return [task.model_dump(mode="json") for task in await engine.catalog.get_many(ids)]


async def test_everything_is_kept(old_store: Path) -> None:
    engine = await _open(old_store)
    assert await _tasks(engine) == _read_then(1)
    assert await ready_ids(engine) == ["waiting", "keyed"]
    assert (await engine.queue.ripen(0)).next_due == A_MOMENT + 1_000_000
    counts = {"Created": 3, "Assigning": 1, "Running": 1, "Finished": 1, "Failed": 1, "Cancelled": 1}
    assert await engine.catalog.count_by_status() == counts
    assert await engine.settings.read() == {"dispatcher.strategy": "RANDOM"}
    assert [known.node.id for known in await engine.directory.registrations()] == ["node-1"]
    assert await engine.directory.register(a_node(id="new"), 1) > 2
    assert len(await engine.ledger.changes_since(0, 100) or []) == 19
    await engine.close()


async def test_what_needs_the_new_schema_works_on_old_rows(old_store: Path) -> None:
    engine = await _open(old_store)
    [again] = await engine.intake.submit([a_task(id="again", idempotency_key="key-2")])
    assert again.id == "finished"
    lease = await lead(engine, Duty.MONITOR)
    assert await engine.retention.forget_ended(A_MOMENT * 2, 0, 100, lease) == 2
    assert await engine.retention.forget_ended(0, A_MOMENT * 2, 100, lease) == 1
    await engine.close()


async def test_lanes_of_version_2_are_those_of_the_tasks(tmp_path: Path) -> None:
    engine = await _open(_store_of(2, tmp_path))
    tasks = {task.id: task for task in await engine.catalog.get_many([str(task["id"]) for task in _read_then(2)])}
    assert await _tasks(engine, 2) == _read_then(2)
    lanes = await engine.queue.lanes()
    assert min(lane.id for lane in lanes) > 4, "numbers of before are not given again"
    heads = await engine.queue.heads({lane.id: 10 for lane in lanes})
    assert {lane.key: [head.id for head in heads[lane.id]] for lane in lanes} == {
        lane_key(tasks["plain"]): ["plain"],
        lane_key(tasks["urgent"]): ["urgent", "urgent-too"],
        lane_key(tasks["rich"]): ["rich"],
        lane_key(tasks["pinned"]): ["pinned"],
        lane_key(tasks["failed-waits"]): ["failed-waits"],
    }
    assert [head.affinity for lane in lanes for head in heads[lane.id] if head.id == "rich"] == ["aff"]
    backlog = await engine.lanes.backlog()
    assert sum(lane.ready for lane in backlog) == 6
    assert sum(lane.waiting for lane in backlog) == 7
    assert await engine.lanes.queued_by("north") == 1
    runs, _ = await engine.ledger.live_runs()
    keys = await engine.lanes.keys(run.lane for run in runs)
    assert {run.task_id: keys[run.lane] for run in runs} == {
        id_: lane_key(tasks[id_]) for id_ in ("running", "assigned", "cancelled-live")
    }
    await engine.close()


async def test_work_of_version_2_goes_on(tmp_path: Path) -> None:
    engine = await _open(_store_of(2, tmp_path))
    assert (await engine.queue.ripen(A_MOMENT + 5_000)).next_due is None
    ids = await ready_ids(engine)
    assert sorted(ids) == ["failed-waits", "pinned", "plain", "rich", "timed", "urgent", "urgent-too"]
    tasks = await engine.catalog.get_many(ids)
    given = await engine.queue.claim([await a_claim(engine, tasks, id_="new")], await lead(engine))
    assert sorted(assign.task_id for assign in given) == sorted(ids)
    assert list(await engine.lanes.backlog()) == []
    running = await engine.catalog.get_many([*ids, "running", "assigned"])
    ended = [to(task, TaskLifecycleStatus.FINISHED, final=True, released_at=9) for task in running]
    assert all(await engine.ledger.write(ended, durable=True))
    [held], position = await engine.ledger.live_runs()
    assert held.task_id == "cancelled-live"
    [cancelled] = await engine.catalog.get_many(["cancelled-live"])
    await engine.ledger.write([Change(cancelled, cancelled.changed(9, released_at=9))], durable=True)
    told = await engine.ledger.changes_since(position, 10)
    assert told is not None
    assert [(change.task_id, change.holds_slot, change.lane) for change in told] == [("cancelled-live", False, 0)]
    forgotten = await engine.retention.forget_leftovers(0, await lead(engine, Duty.MONITOR))
    assert forgotten.lanes == 7
    [again] = await engine.intake.submit([a_task(id="again", idempotency_key="k1", **_rich())])
    assert again.id == "rich"
    await engine.close()


async def test_counts_and_reasons_of_version_3_are_kept(tmp_path: Path) -> None:
    engine = await _open(_store_of(3, tmp_path))
    assert await _tasks(engine, 3) == _read_then(3)
    backlog = {lane.key.tenant: (lane.ready, lane.waiting, lane.reason) for lane in await engine.lanes.backlog()}
    assert backlog == {"default": (2, 5, None), "north": (1, 1, WaitReason.NO_FREE_SLOT)}
    assert [await engine.lanes.queued_by(tenant) for tenant in ("default", "north", "south")] == [5, 1, 0]
    assert await ready_ids(engine) == ["plain-2", "plain-3", "north"]
    counts = {"Created": 6, "Assigning": 1, "Running": 1, "Finished": 1, "Cancelled": 1}
    assert await engine.catalog.count_by_status() == counts
    await engine.close()


async def test_work_of_version_3_goes_on(tmp_path: Path) -> None:
    engine = await _open(_store_of(3, tmp_path))
    tasks = await engine.catalog.get_many(await ready_ids(engine))
    given = await engine.queue.claim([await a_claim(engine, tasks, id_="new")], await lead(engine))
    assert [assign.task_id for assign in given] == ["plain-2", "plain-3", "north"]
    assert await engine.queue.lanes() == []
    [last] = await engine.catalog.get_many(["plain-3"])
    await engine.ledger.write([to(last, TaskLifecycleStatus.FINISHED, final=True, released_at=9)], durable=True)
    assert await ready_ids(engine) == ["blocked"]
    forgotten = await engine.retention.forget_leftovers(0, await lead(engine, Duty.MONITOR))
    assert forgotten.lanes == 1, "the one of south, in which all is over"
    await engine.close()


async def test_copy_is_what_was_there_before(old_store: Path) -> None:
    before = _content(old_store / "skalds.db")
    await (await _open(old_store)).close()
    assert _content(old_store / "skalds.version-1.db") == before
    assert schema.version_of(apsw.Connection(str(old_store / "skalds.version-1.db"))) == 1
    assert not _names(old_store, "*.unfinished*")


async def test_store_of_this_version_is_not_copied(tmp_path: Path) -> None:
    await (await _open(tmp_path / "data")).close()
    await (await _open(tmp_path / "data")).close()
    assert not _names(tmp_path / "data", "*.version-*")


@pytest.mark.parametrize("done", range(1, LATEST + 1))
async def test_killed_in_the_middle_it_has_the_version_of_the_last_whole_step(old_store: Path, done: int) -> None:
    database = old_store / "skalds.db"
    _migrate_and_be_killed(database, done)
    found = apsw.Connection(str(database))
    assert schema.version_of(found) == done
    assert one(found, "PRAGMA integrity_check") == "ok"
    assert column(found, "SELECT name FROM sqlite_schema WHERE name = 'half_done'") == []
    found.close()

    engine = await _open(old_store)
    assert await _tasks(engine) == _read_then(1)
    await engine.close()


def test_copy_from_before_is_not_overwritten_and_the_last_three_stay(tmp_path: Path) -> None:
    path = tmp_path / "old.db"

    def step(connection: apsw.Connection) -> None:
        connection.execute("CREATE TABLE IF NOT EXISTS kept (n INTEGER) STRICT")

    connection = apsw.Connection(str(path))
    schema.migrate(connection, path, [step])
    for number in range(1, 6):
        connection.execute("INSERT INTO kept VALUES (?)", (number,))
        connection.pragma("user_version", 1)
        schema.migrate(connection, path, [step, step])
        _age(tmp_path)
    connection.close()
    copies = {copy.name: column(apsw.Connection(str(copy)), "SELECT max(n) FROM kept") for copy in _copies(tmp_path)}
    assert sorted(copies.values()) == [[3], [4], [5]]
    assert len(copies) == 3


def _rich() -> dict[str, object]:
    """What `rich` was submitted with."""
    [rich] = [task for task in _read_then(2) if task["id"] == "rich"]
    names = (
        "tenant", "slots", "concurrency_key", "affinity_key", "preemptible", "requires", "prefers", "resources",
    )  # fmt: skip
    return {name: rich[name] for name in names}


def _migrate_and_be_killed(database: Path, done: int) -> None:
    killed = subprocess.run([sys.executable, "-c", INTERRUPTED, str(database), str(done)], check=False)
    assert killed.returncode == -signal.SIGKILL


def _names(folder: Path, pattern: str) -> list[str]:
    return [path.name for path in folder.glob(pattern)]


def _copies(folder: Path) -> list[Path]:
    return sorted(folder.glob("old.version-*.db"))


def _age(folder: Path) -> None:
    """Copies made within one tick of the file system's clock must not look equally old."""
    for copy in _copies(folder):
        stat = copy.stat()
        os.utime(copy, ns=(stat.st_atime_ns, stat.st_mtime_ns - 10**9))


def _content(path: Path) -> dict[str, list[object]]:
    database = apsw.Connection(str(path))
    tables = column(database, "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")
    content = {name: list(database.execute(f"SELECT * FROM {name}")) for name in tables}
    database.close()
    return content
