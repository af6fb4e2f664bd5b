"""Several processes on one data directory, and what is left when one of them is killed."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest

from skalds.adapters.sqlite.engine import Role, SqliteEngine
from skalds.model.node import Beat
from skalds.model.run_change import RunChange
from skalds.testing import FakeClock, a_node, a_task
from skalds.testing.conformance.steps import ALL, a_claim, lead

_PATIENCE = 20

_WRITER = """
import asyncio, pathlib, sys
from skalds.adapters.sqlite.engine import SqliteEngine
from skalds.testing import FakeClock, a_task

async def main():
    path, prefix = pathlib.Path(sys.argv[1]), sys.argv[2]
    engine = await SqliteEngine.open(path, FakeClock(), ageing_step_ms=60_000, role="node")
    for batch in range(1_000_000):
        ids = [f"{prefix}-{batch:06}-{number}" for number in range(20)]
        await engine.intake.submit([a_task(id=id_, attachments="x" * 500) for id_ in ids])
        print(batch, flush=True)

asyncio.run(main())
"""
_STOPPED_IN_TRANSACTION = """
import asyncio, os, pathlib, signal, sys
from skalds.adapters.sqlite import task_intake
from skalds.adapters.sqlite.engine import SqliteEngine
from skalds.testing import FakeClock, a_task

def stop(*_):
    print("in transaction", flush=True)
    signal.pause()

task_intake._keep_keys = stop

async def main():
    path = pathlib.Path(sys.argv[1])
    engine = await SqliteEngine.open(path, FakeClock(), ageing_step_ms=60_000, role="node")
    await engine.intake.submit([a_task(id="never")])

asyncio.run(main())
"""
_NODE = """
import asyncio, pathlib, sys
from skalds.adapters.sqlite.engine import SqliteEngine
from skalds.model.node import Beat
from skalds.testing import FakeClock, a_node

async def main():
    path = pathlib.Path(sys.argv[1])
    engine = await SqliteEngine.open(path, FakeClock(), ageing_step_ms=60_000, role="node")
    session = await engine.directory.register(a_node(), 1)
    await engine.directory.beat(Beat("node-1", session, 1))
    engine.wakeup.notify()
    print(session, flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""


async def _open(path: Path, role: Role = "controller") -> SqliteEngine:
    return await SqliteEngine.open(path, FakeClock(), ageing_step_ms=60_000, role=role)


@pytest.fixture
async def engine(tmp_path: Path) -> AsyncIterator[SqliteEngine]:
    engine = await _open(tmp_path / "data")
    yield engine
    await engine.close()


async def _start(script: str, *arguments: object) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable, "-c", script, *map(str, arguments), stdout=asyncio.subprocess.PIPE
    )


async def _line(process: asyncio.subprocess.Process) -> str:
    assert process.stdout is not None
    async with asyncio.timeout(_PATIENCE):
        return (await process.stdout.readline()).decode().strip()


async def test_killed_writers_lose_nothing_that_was_acknowledged(engine: SqliteEngine, tmp_path: Path) -> None:
    writers = [await _start(_WRITER, tmp_path / "data", prefix) for prefix in "ab"]
    acknowledged = [int([await _line(writer) for _ in range(30)][-1]) for writer in writers]
    for writer in writers:
        writer.kill()
        await writer.wait()
    stored = await _all_ids(engine)
    for prefix, batch in zip("ab", acknowledged, strict=True):
        assert {f"{prefix}-{number:06}-{item}" for number in range(batch + 1) for item in range(20)} <= stored
    assert len(stored) % 20 == 0, "a batch is stored as a whole or not at all"
    assert await engine.catalog.count_by_status() == {"Created": len(stored)}
    assert sum(lane.ready for lane in await engine.lanes.backlog()) == len(stored)


async def test_killed_in_its_transaction_leaves_nothing_and_harms_nobody(engine: SqliteEngine, tmp_path: Path) -> None:
    writer = await _start(_STOPPED_IN_TRANSACTION, tmp_path / "data")
    assert await _line(writer) == "in transaction"
    submit = asyncio.ensure_future(engine.intake.submit([a_task(id="waits")]))
    assert await engine.catalog.get("never") is None
    writer.kill()
    await writer.wait()
    await submit
    assert await _all_ids(engine) == {"waits"}
    await engine.close()
    again = await _open(tmp_path / "data")
    assert await _all_ids(again) == {"waits"}
    await again.close()


async def test_death_of_a_node_process_is_seen_at_once(engine: SqliteEngine, tmp_path: Path) -> None:
    await engine.directory.presences()
    node = await _start(_NODE, tmp_path / "data")
    session = int(await _line(node))
    async with asyncio.timeout(_PATIENCE):
        await engine.wakeup.wait()
    [presence] = await engine.directory.presences()
    assert presence.beat == Beat("node-1", session, 1)
    assert not presence.exited
    os.kill(node.pid, signal.SIGSTOP)
    assert not (await engine.directory.presences())[0].exited
    os.kill(node.pid, signal.SIGKILL)
    await node.wait()
    assert (await engine.directory.presences())[0].exited


async def test_death_is_still_known_after_the_controller_restarted(engine: SqliteEngine, tmp_path: Path) -> None:
    node = await _start(_NODE, tmp_path / "data")
    session = int(await _line(node))
    node.kill()
    await node.wait()
    assert [presence.exited for presence in await engine.directory.presences()] == [True]
    await engine.close()
    again = await _open(tmp_path / "data")
    [presence] = await again.directory.presences()
    assert (presence.beat.session, presence.exited) == (session, True)
    await again.close()


async def test_locks_of_closed_sessions_are_swept(engine: SqliteEngine, tmp_path: Path) -> None:
    node = await _open(tmp_path / "data", "node")
    first = await node.directory.register(a_node(), 1)
    second = await node.directory.register(a_node(), 2)
    third = await node.directory.register(a_node(id="node-2"), 3)
    await engine.directory.presences()
    left = {path.name for path in (tmp_path / "data" / "locks").iterdir()}
    assert f"{first}.lock" not in left
    assert left == {f"{second}.lock", f"{third}.lock"}
    await node.close()


async def test_two_participants_claim_and_write_at_the_same_time(engine: SqliteEngine, tmp_path: Path) -> None:
    node = await _open(tmp_path / "data", "node")
    tasks = [a_task(id=f"task-{number:03}") for number in range(200)]
    await engine.intake.submit(tasks)
    lease = await lead(engine)
    claims = [await a_claim(engine, tasks[start : start + 20], id_=f"claim-{start}") for start in range(0, 200, 10)]
    answers = await asyncio.gather(
        *((node if index % 2 else engine).queue.claim([claim], lease) for index, claim in enumerate(claims))
    )
    given = [assign.task_id for answer in answers for assign in answer]
    assert sorted(given) == [task.id for task in tasks]
    feed = await node.ledger.changes_since(0, ALL)
    assert feed is not None
    assert _attempts(feed) == {task.id: [0, 1] for task in tasks}
    await node.close()


def _attempts(feed: Sequence[RunChange]) -> dict[str, list[int]]:
    attempts: dict[str, list[int]] = {}
    for change in feed:
        attempts.setdefault(change.task_id, []).append(change.attempt)
    return attempts


async def _all_ids(engine: SqliteEngine) -> set[str]:
    feed = await engine.ledger.changes_since(0, ALL)
    assert feed is not None
    ids = {change.task_id for change in feed}
    assert len(await engine.catalog.get_many(sorted(ids))) == len(ids)
    return ids
