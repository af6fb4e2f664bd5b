"""Opening a data directory: schema, copies, damage, who may run on it."""

import asyncio
import os
import stat
import threading
from pathlib import Path

import apsw
import pytest

from skalds.adapters.sqlite import data_directory, schema
from skalds.adapters.sqlite.data_directory import DataDirectory, file_system, refuse_network
from skalds.adapters.sqlite.engine import Role, SqliteEngine
from skalds.adapters.sqlite.select import column, one
from skalds.errors import AlreadyRunning, ConfigurationError, StoreCorrupt, StoreNewer, StoreUnavailable
from skalds.testing import FakeClock, a_node, a_task
from skalds.testing.builders import A_MOMENT


async def _open(path: Path, role: Role = "controller") -> SqliteEngine:
    return await SqliteEngine.open(path, FakeClock(), ageing_step_ms=60_000, role=role)


async def test_what_was_acknowledged_is_there_after_a_restart(tmp_path: Path) -> None:
    engine = await _open(tmp_path / "data")
    [task] = await engine.intake.submit([a_task(idempotency_key="k")])
    session = await engine.directory.register(a_node(), 1)
    await engine.close()
    engine = await _open(tmp_path / "data")
    assert await engine.catalog.get("task-1") == task
    assert await engine.directory.register(a_node(id="node-2"), 2) > session
    assert list(await engine.intake.submit([a_task(id="again", idempotency_key="k")])) == [task]
    await engine.close()


async def test_only_the_owner_can_enter(tmp_path: Path) -> None:
    engine = await _open(tmp_path / "data")
    await engine.intake.submit([a_task()])
    for path in [tmp_path / "data", *(tmp_path / "data").rglob("*")]:
        if not path.is_socket():
            assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path
    await engine.close()


async def test_node_that_comes_too_early_is_told_to_wait(tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailable, match="SKALDS_DATA_DIR"):
        await _open(tmp_path / "data", "node")
    DataDirectory.create(tmp_path / "data")
    with pytest.raises(StoreUnavailable, match="Start the controller"):
        await _open(tmp_path / "data", "node")
    controller = await _open(tmp_path / "data")
    node = await _open(tmp_path / "data", "node")
    await node.close()
    await controller.close()


@pytest.mark.parametrize("role", ["controller", "node"])
async def test_newer_schema_is_refused_and_left_alone(tmp_path: Path, role: Role) -> None:
    await (await _open(tmp_path / "data")).close()
    database = apsw.Connection(str(tmp_path / "data" / "skalds.db"))
    database.pragma("user_version", 99)
    database.close()
    before = (tmp_path / "data" / "skalds.db").read_bytes()
    with pytest.raises(StoreNewer) as refused:
        await _open(tmp_path / "data", role)
    file = str(tmp_path / "data" / "skalds.db")
    assert refused.value.fields == {"found": 99, "supported": len(schema.STEPS), "file": file}
    assert file in refused.value.message
    assert (tmp_path / "data" / "skalds.db").read_bytes() == before


def _add_table(name: str) -> schema.Step:
    def step(connection: apsw.Connection) -> None:
        connection.execute(f"CREATE TABLE {name} (n INTEGER) STRICT")

    return step


def test_older_schema_is_copied_and_then_brought_forward(tmp_path: Path) -> None:
    path = tmp_path / "old.db"
    connection = apsw.Connection(str(path))
    schema.migrate(connection, path, [_add_table("first")])
    connection.execute("INSERT INTO first VALUES (7)")
    assert not list(tmp_path.glob("*.version-*"))
    schema.migrate(connection, path, [_add_table("first"), _add_table("second"), _add_table("third")])
    assert schema.version_of(connection) == 3
    connection.execute("SELECT * FROM second, third")
    copy = apsw.Connection(str(tmp_path / "old.version-1.db"))
    assert (schema.version_of(copy), column(copy, "SELECT n FROM first")) == (1, [7])
    copy.close()
    connection.close()


def test_step_that_fails_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "old.db"
    connection = apsw.Connection(str(path))
    schema.migrate(connection, path, [_add_table("first")])

    def broken(database: apsw.Connection) -> None:
        _add_table("second")(database)
        _add_table("first")(database)

    with pytest.raises(apsw.SQLError):
        schema.migrate(connection, path, [_add_table("first"), broken])
    assert schema.version_of(connection) == 1
    assert column(connection, "SELECT name FROM sqlite_schema") == ["first"]
    connection.close()


async def test_damaged_file_is_refused(tmp_path: Path) -> None:
    engine = await _open(tmp_path / "data")
    await engine.intake.submit([a_task(id=f"task-{number}", attachments="x" * 1000) for number in range(200)])
    await engine.close()
    path = tmp_path / "data" / "skalds.db"
    content = bytearray(path.read_bytes())
    for page in range(8, len(content) // 4096):
        content[page * 4096 : page * 4096 + 64] = os.urandom(64)
    path.write_bytes(content)
    with pytest.raises(StoreCorrupt, match=r"skalds\.db"):
        await _open(tmp_path / "data")


async def test_large_file_is_looked_at_only_after_a_crash(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[bool] = []

    def look(*_: object) -> str:
        looked.append(True)
        return "ok"

    monkeypatch.setattr(schema, "CHECK_ALWAYS_BELOW_BYTES", 0)
    monkeypatch.setattr(schema, "one", look)
    await (await _open(tmp_path / "data")).close()
    await (await _open(tmp_path / "data")).close()
    assert looked == []
    (tmp_path / "data" / "unclean").touch()
    await (await _open(tmp_path / "data")).close()
    assert looked == [True]


async def test_clean_stop_leaves_no_sign_of_a_crash(tmp_path: Path) -> None:
    engine = await _open(tmp_path / "data")
    assert (tmp_path / "data" / "unclean").exists()
    await engine.close()
    await engine.close()
    assert not (tmp_path / "data" / "unclean").exists()


async def test_schema_is_strict_and_passes_its_own_check(tmp_path: Path) -> None:
    engine = await _open(tmp_path / "data")
    await engine.intake.submit([a_task(id=f"task-{number}") for number in range(50)])
    await engine.close()
    database = apsw.Connection(str(tmp_path / "data" / "skalds.db"))
    tables = database.execute("SELECT name, strict FROM pragma_table_list WHERE schema = 'main'").fetchall()
    assert {name for name, strict in tables if not strict} <= {"sqlite_schema", "sqlite_sequence"}
    assert one(database, "PRAGMA integrity_check") == "ok"
    database.close()


def test_second_controller_learns_who_runs(tmp_path: Path) -> None:
    lock = SqliteEngine.controller_lock(tmp_path / "data")
    with pytest.raises(AlreadyRunning) as refused:
        SqliteEngine.controller_lock(tmp_path / "data")
    assert (refused.value.pid, refused.value.address) == (os.getpid(), None)
    lock.tell("http://127.0.0.1:8000")
    with pytest.raises(AlreadyRunning) as refused:
        SqliteEngine.controller_lock(tmp_path / "data")
    assert refused.value.address == "http://127.0.0.1:8000"
    lock.release()
    lock.release()
    SqliteEngine.controller_lock(tmp_path / "data").release()


async def test_changed_ageing_step_puts_the_queue_in_order_anew(tmp_path: Path) -> None:
    async def order(step_ms: int) -> list[str]:
        engine = await SqliteEngine.open(tmp_path / "data", FakeClock(), ageing_step_ms=step_ms, role="controller")
        # A node's own value counts for nothing.
        node = await SqliteEngine.open(tmp_path / "data", FakeClock(), ageing_step_ms=7, role="node")
        await node.intake.submit([a_task(id=f"urgent-{step_ms}", eligible_at=A_MOMENT, priority=3)])
        ids = await _by_rank(engine)
        await node.close()
        await engine.close()
        return ids

    first = await _open(tmp_path / "data")
    await first.intake.submit([a_task(id="early", eligible_at=A_MOMENT - 10_000), a_task(id="z", priority=1)])
    await first.intake.submit([a_task(id="later", eligible_at=A_MOMENT + 1, priority=2)])
    assert await _by_rank(first) == ["z", "early"]
    await first.close()
    assert await order(100) == ["early", "urgent-100", "z"]
    assert await order(60_000) == ["urgent-100", "urgent-60000", "z", "early"]
    again = await _open(tmp_path / "data")
    await again.queue.ripen(A_MOMENT + 1)
    assert await _by_rank(again) == ["urgent-100", "urgent-60000", "later", "z", "early"]
    await again.close()


async def _by_rank(engine: SqliteEngine) -> list[str]:
    """The ids of all ready tasks by rank, over all lanes."""
    heads = await engine.queue.heads({lane.id: 10 for lane in await engine.queue.lanes()})
    return [task.id for task in sorted(task for tasks in heads.values() for task in tasks)]


_MOUNTS = """\
/dev/vda / ext4 rw 0 0
tmpfs /dev/shm tmpfs rw 0 0
nas:/x /mnt/nas nfs4 rw 0 0
nas:/y /mnt/my\\040nas fuse.sshfs rw 0 0
/dev/vdb /mnt/nas/local xfs rw 0 0
"""


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/home/me", "ext4"),
        ("/mnt/nas/a/b", "nfs4"),
        ("/mnt/nas2", "ext4"),
        ("/mnt/my nas/a", "fuse.sshfs"),
        ("/mnt/nas/local/a", "xfs"),
        ("/dev/shm/a", "tmpfs"),
    ],
)
def test_file_system_of_a_path(path: str, kind: str) -> None:
    assert file_system(Path(path), _MOUNTS) == kind


@pytest.mark.parametrize("kind", ["nfs", "nfs4", "cifs", "smb3", "9p", "fuse.sshfs"])
def test_network_file_system_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    monkeypatch.setattr(data_directory, "file_system", lambda *_: kind)
    with pytest.raises(ConfigurationError, match=rf"SKALDS_DATA_DIR.*{kind}"):
        refuse_network(tmp_path)


def test_path_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("x")
    with pytest.raises(ConfigurationError, match="SKALDS_DATA_DIR"):
        DataDirectory.create(tmp_path / "data")


async def test_engine_that_could_not_open_leaves_nothing_running(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "skalds.db").write_bytes(b"nonsense" * 1000)
    with pytest.raises(StoreCorrupt):
        await _open(tmp_path / "data")
    await asyncio.sleep(0)
    assert "skalds-sqlite" not in [thread.name for thread in threading.enumerate()]
