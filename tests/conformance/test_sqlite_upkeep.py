"""Backing up, checking and restoring a database, in use and not."""

import asyncio
import os
import stat
from pathlib import Path

import apsw
import pytest

from skalds.adapters.sqlite import copies, upkeep
from skalds.adapters.sqlite.engine import SqliteEngine
from skalds.adapters.sqlite.schema import STEPS
from skalds.errors import AlreadyRunning, ConfigurationError, StoreCorrupt, StoreNewer, StoreUnavailable
from skalds.testing import FakeClock, a_node, a_task


async def _open(data: Path) -> SqliteEngine:
    return await SqliteEngine.open(data, FakeClock(), role="controller")


@pytest.fixture
async def data(tmp_path: Path) -> Path:
    """A data directory with three tasks that nobody uses."""
    engine = await _open(tmp_path / "data")
    await engine.intake.submit([a_task(id=id_) for id_ in ("a", "b", "c")])
    await engine.close()
    return tmp_path / "data"


async def _ids(data: Path) -> list[str]:
    engine = await _open(data)
    found = [task.id for task in await engine.catalog.get_many(["a", "b", "c", "d"])]
    await engine.close()
    return found


def _damage(path: Path) -> None:
    content = bytearray(path.read_bytes())
    for page in range(4, len(content) // 4096):
        content[page * 4096 : page * 4096 + 64] = os.urandom(64)
    path.write_bytes(content)


def test_backup_is_one_file_for_its_owner(data: Path, tmp_path: Path) -> None:
    target = tmp_path / "new" / "copy.db"
    facts = upkeep.back_up(data, target)
    assert (facts.file, facts.tasks, facts.schema, facts.size_bytes) == (target, 3, len(STEPS), target.stat().st_size)
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    assert [path.name for path in target.parent.iterdir()] == ["copy.db"]


async def test_backup_of_a_busy_database_is_one_state_of_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(copies, "_STEP_PAGES", 1)
    engine = await _open(tmp_path / "data")
    copying = asyncio.create_task(asyncio.to_thread(upkeep.back_up, tmp_path / "data", tmp_path / "copy.db"))
    submitted = 0
    while not copying.done():
        await engine.intake.submit([a_task(id=f"{submitted}-{n}", attachments="x" * 2000) for n in range(10)])
        submitted += 1
    facts = await copying
    await engine.close()
    assert facts.tasks % 10 == 0
    assert facts.tasks <= submitted * 10


def test_backup_replaces_nothing_unless_forced(data: Path, tmp_path: Path) -> None:
    target = tmp_path / "copy.db"
    target.write_text("mine")
    with pytest.raises(ConfigurationError, match="--force"):
        upkeep.back_up(data, target)
    assert target.read_text() == "mine"
    assert upkeep.back_up(data, target, force=True).tasks == 3


def test_backup_onto_the_database_itself_is_refused(data: Path) -> None:
    with pytest.raises(ConfigurationError, match="FILE"):
        upkeep.back_up(data, data / "skalds.db", force=True)


def test_backup_of_nothing_says_where_it_looked(tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailable, match="SKALDS_DATA_DIR"):
        upkeep.back_up(tmp_path / "nothing", tmp_path / "copy.db")


def test_damage_does_not_reach_the_copy(data: Path, tmp_path: Path) -> None:
    _damage(data / "skalds.db")
    with pytest.raises(StoreCorrupt):
        upkeep.back_up(data, tmp_path / "copy.db")
    assert [path.name for path in tmp_path.iterdir()] == ["data"]


async def test_check_of_a_database_in_use(data: Path) -> None:
    engine = await _open(data)
    await engine.intake.submit([a_task(id="d")])
    assert upkeep.check(data).tasks == 4
    await engine.close()


def test_check_names_file_and_way_out(data: Path) -> None:
    _damage(data / "skalds.db")
    with pytest.raises(StoreCorrupt, match=r"skalds\.db.*skalds db restore") as found:
        upkeep.check(data)
    assert "\n" not in str(found.value)


async def test_restore_brings_back_what_was_and_keeps_what_is(data: Path, tmp_path: Path) -> None:
    upkeep.back_up(data, tmp_path / "copy.db")
    engine = await _open(data)
    await engine.intake.submit([a_task(id="d")])
    await engine.close()
    facts, kept = upkeep.restore(data, tmp_path / "copy.db")
    assert (facts.tasks, kept) == (3, data / "skalds.replaced.db")
    assert await _ids(data) == ["a", "b", "c"]

    _, kept_too = upkeep.restore(data, data / "skalds.replaced.db")
    assert kept_too == data / "skalds.replaced-2.db"
    assert await _ids(data) == ["a", "b", "c", "d"]


async def test_restore_of_a_damaged_database(data: Path, tmp_path: Path) -> None:
    upkeep.back_up(data, tmp_path / "copy.db")
    (data / "skalds.db").write_bytes(b"nonsense" * 1000)
    assert upkeep.restore(data, tmp_path / "copy.db")[0].tasks == 3
    assert (data / "skalds.replaced.db").read_bytes() == b"nonsense" * 1000
    assert await _ids(data) == ["a", "b", "c"]


async def test_restore_into_a_new_directory(data: Path, tmp_path: Path) -> None:
    upkeep.back_up(data, tmp_path / "copy.db")
    assert upkeep.restore(tmp_path / "other", tmp_path / "copy.db")[1] is None
    assert await _ids(tmp_path / "other") == ["a", "b", "c"]
    database = apsw.Connection(str(tmp_path / "other" / "skalds.db"))
    assert database.pragma("journal_mode") == "wal"
    database.close()


def test_restore_is_refused_while_a_controller_runs(data: Path, tmp_path: Path) -> None:
    upkeep.back_up(data, tmp_path / "copy.db")
    lock = SqliteEngine.controller_lock(data)
    with pytest.raises(AlreadyRunning, match="controller"):
        upkeep.restore(data, tmp_path / "copy.db")
    lock.release()


async def test_restore_is_refused_while_a_node_runs(data: Path, tmp_path: Path) -> None:
    upkeep.back_up(data, tmp_path / "copy.db")
    node = await SqliteEngine.open(data, FakeClock(), role="node")
    await node.directory.register(a_node(), 1)
    with pytest.raises(AlreadyRunning, match="node"):
        upkeep.restore(data, tmp_path / "copy.db")
    await node.close()
    assert upkeep.restore(data, tmp_path / "copy.db")[0].tasks == 3


async def test_restore_is_refused_while_anybody_has_the_file_open(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upkeep, "_BUSY_MS", 1)
    upkeep.back_up(data, tmp_path / "copy.db")
    node = await SqliteEngine.open(data, FakeClock(), role="node")
    with pytest.raises(AlreadyRunning, match="process"):
        upkeep.restore(data, tmp_path / "copy.db")
    await node.close()


@pytest.mark.parametrize("content", [b"nonsense" * 1000, b""])
async def test_what_is_no_copy_of_ours_is_refused(data: Path, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "copy.db").write_bytes(content)
    with pytest.raises(ConfigurationError, match="FILE"):
        upkeep.restore(data, tmp_path / "copy.db")
    assert await _ids(data) == ["a", "b", "c"]


def test_copy_that_is_missing_is_refused(data: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="FILE"):
        upkeep.restore(data, tmp_path / "missing.db")


def test_copy_of_a_newer_version_is_refused(data: Path, tmp_path: Path) -> None:
    upkeep.back_up(data, tmp_path / "copy.db")
    copy = apsw.Connection(str(tmp_path / "copy.db"))
    copy.pragma("user_version", 99)
    copy.close()
    with pytest.raises(StoreNewer):
        upkeep.restore(data, tmp_path / "copy.db")
