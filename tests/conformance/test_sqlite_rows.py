"""S3: what was refused leaves every row of the file as it was."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import apsw
import pytest

from skalds.adapters.sqlite.engine import SqliteEngine
from skalds.adapters.sqlite.select import column, rows
from skalds.errors import DuplicateTask, IdempotencyConflict, LeaseLost, QueueFull, UnknownDependency
from skalds.model.lease import LeaseRow
from skalds.model.task import TaskLifecycleStatus
from skalds.testing import FakeClock, a_task
from skalds.testing.conformance.steps import a_claim, assigned, lead, to


@pytest.fixture
async def engine(tmp_path: Path) -> AsyncIterator[SqliteEngine]:
    engine = await SqliteEngine.open(tmp_path / "data", FakeClock(), ageing_step_ms=60_000, role="controller")
    yield engine
    await engine.close()


def _everything(folder: Path) -> dict[str, list[tuple[Any, ...]]]:
    database = apsw.Connection(str(folder / "data" / "skalds.db"))
    tables = column(database, "SELECT name FROM sqlite_schema WHERE type = 'table'")
    content = {table: rows(database, f"SELECT * FROM {table}") for table in tables}
    database.close()
    return content


async def test_refused_writes_leave_the_file_as_it_was(engine: SqliteEngine, tmp_path: Path) -> None:
    [task] = await assigned(engine, a_task(idempotency_key="key", attachments={"a": 1}))
    waiting = await engine.intake.submit([a_task(id="waits")])
    lease = await lead(engine)
    await engine.ledger.write([to(task, TaskLifecycleStatus.RUNNING)], durable=True)
    before = _everything(tmp_path)

    older = to(task, TaskLifecycleStatus.FAILED, attachments={"a": 2}, priority=3, result=1, error=None)
    assert list(await engine.ledger.write([older], durable=True)) == [False]
    assert list(await engine.queue.claim([await a_claim(engine, [task, a_task(id="none")])], lease)) == []
    for ended in (lease._replace(term=lease.term - 1), lease._replace(holder="other")):
        await _refused_with(engine, ended)
    with pytest.raises(DuplicateTask):
        await engine.intake.submit([a_task(id="new", class_name="New"), a_task(id="waits")])
    with pytest.raises(IdempotencyConflict):
        await engine.intake.submit([a_task(id="new", tenant="new"), a_task(id="x", idempotency_key="key", priority=1)])
    with pytest.raises(UnknownDependency):
        await engine.intake.submit([a_task(id="new", dependencies=["waits", "none"])])
    with pytest.raises(QueueFull):
        await engine.intake.submit([a_task(id="new", class_name="New")], {"default": 1})
    closed = replace(await a_claim(engine, waiting), session=4711)
    assert list(await engine.queue.claim([closed], lease)) == []
    assert [task.id for task in waiting] == ["waits"]
    assert _everything(tmp_path) == before


async def _refused_with(engine: SqliteEngine, lease: LeaseRow) -> None:
    [task] = await engine.catalog.get_many(["waits"])
    with pytest.raises(LeaseLost):
        await engine.queue.claim([await a_claim(engine, [task])], lease)
    with pytest.raises(LeaseLost):
        await engine.ledger.write([to(task, TaskLifecycleStatus.PAUSED)], durable=True, lease=lease)
