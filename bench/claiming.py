"""Durable claims over a large backlog, beside the same writes as bare SQL; and what the backlog costs a pass."""

import asyncio
import json
import statistics
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import apsw
import psutil
import uvloop

from bench.backlog import Bench, backlog, bench, fill
from bench.figure import Figure
from skalds.runtime.garbage_collection import calm_collector
from skalds.testing.local_processes import LocalProcesses

LARGE, SMALL = 1_000_000, 1_000
LARGE_LANES, SMALL_LANES = 10_000, 1_000
ROUNDS = 5
CLAIMS_A_ROUND = 20_000
RAW_BATCH = 2_000
PASSES = 15
MEMORY_SECONDS = 15.0

# What a claim writes, in the fewest statements: the row if it is as it was, what is counted of its lane, the feed.
RAW_GIVE = """
    UPDATE run SET status = 'Assigning', attempt = attempt + 1, rev = rev + 1, place = 0, rank = NULL, executor = ?1,
        assigned_to = ?1, session = ?2, term = 1, assigned_at = ?3, updated = ?3, accept_by = ?3, assignment = ?4
    WHERE seq IN (SELECT value ->> 3 FROM json_each(?5)) AND place = 1 AND attempt = 0
"""
RAW_COUNT = """
    UPDATE lane_state SET ready = ready - n, waiting = waiting - n, live = live + n,
        left_over = left_over + n, left_over_to = max(coalesce(left_over_to, latest), latest)
    FROM (SELECT value ->> 0 AS number, count(*) AS n, max(value ->> 1) AS latest FROM json_each(?) GROUP BY 1)
    WHERE lane_state.lane = number
"""
# Entries of the queue that have become enough in their lanes.
RAW_SWEEP = """
    DELETE FROM queue WHERE (lane, rank, id) IN (
        SELECT queue.lane, queue.rank, queue.id FROM lane_state
        CROSS JOIN queue ON queue.lane = lane_state.lane AND queue.rank <= lane_state.left_over_to
        CROSS JOIN run ON run.seq = queue.seq
        WHERE left_over >= 16 AND run.place <> 1
    );
    UPDATE lane_state SET left_over = 0, left_over_to = NULL WHERE left_over >= 16
"""
RAW_TELL = """
    INSERT INTO change (id, class, rev, status, final, attempt, executor, session, lane, holds_slot, ready)
    SELECT value ->> 2, 1, 1, 'Assigning', 0, 1, ?2, ?3, value ->> 0, 1, 0 FROM json_each(?1)
"""
RAW_NEXT = """
    SELECT queue.lane, queue.rank, queue.id, queue.seq FROM queue CROSS JOIN run ON run.seq = queue.seq
    WHERE run.place = 1 ORDER BY queue.rank LIMIT ?
"""


def measure() -> Sequence[Figure]:
    """Fills two stores, then measures on each; the large one takes about a minute to fill."""
    with tempfile.TemporaryDirectory(prefix="skalds-bench-") as directory:
        large, small = Path(directory, "large"), Path(directory, "small")
        uvloop.run(fill(large, backlog(LARGE, LARGE_LANES)))
        uvloop.run(fill(small, []))
        memory = _controller_memory(large)
        calm_collector()
        return [*uvloop.run(_passes(large, small)), *uvloop.run(_claims(large)), memory]


async def _passes(large: Path, small: Path) -> Sequence[Figure]:
    """The same pass (1,000 free slots) over both backlogs, in turn; the small one is filled up before each."""
    async with bench(large, 50, SMALL // 50) as many, bench(small, 50, SMALL // 50) as few:
        first = await _pass_ms(many)
        pairs = []
        for number in range(PASSES):
            await few.submit(backlog(SMALL, SMALL_LANES, seed=number + 2))
            pairs.append((await _pass_ms(few), await _pass_ms(many)))
    few_ms, many_ms = (statistics.median(side) for side in zip(*pairs, strict=True))
    reference = {"1,000 waiting ms": few_ms, "1,000,000 waiting ms": many_ms, "first pass of a leader ms": first}
    ratios = [many_one / few_one for few_one, many_one in pairs]
    return [Figure("one pass: 1,000,000 waiting against 1,000", "x", ratios, 1.3, reference=reference)]


async def _pass_ms(scene: Bench) -> float:
    await scene.free_all()
    started = time.perf_counter()
    while await scene.run_pass():
        pass
    return (time.perf_counter() - started) * 1000


async def _claims(data_dir: Path) -> Sequence[Figure]:
    """Plan, commit and announce on unlimited nodes, in turn with bare writes to the same file."""
    rates: list[float] = []
    raw_rates: list[float] = []
    async with bench(data_dir, 50, 0) as scene:
        await scene.run_pass()
        for _ in range(ROUNDS):
            rates.append(await _claim_rate(scene))
            raw_rates.append(await asyncio.to_thread(_raw_rate, data_dir / "skalds.db"))
            # The bare writes happened behind its back: it looks at everything again before it is timed again.
            scene.dispatcher.follow([])
            await scene.run_pass()
    raw = statistics.median(raw_rates)
    shares = [rate / raw_one for rate, raw_one in zip(rates, raw_rates, strict=True)]
    return [
        Figure(
            "durable claim, embedded, 1,000,000 rows",
            "tasks/s",
            rates,
            30_000,
            at_most=False,
            reference={"raw tasks/s": raw},
        ),
        Figure("the same, as a part of raw", "x", shares, 1 / 3, at_most=False),
    ]


async def _claim_rate(scene: Bench) -> float:
    claimed = 0
    started = time.perf_counter()
    while claimed < CLAIMS_A_ROUND:
        claimed += await scene.run_pass()
    return claimed / (time.perf_counter() - started)


def _raw_rate(database: Path) -> float:
    connection = apsw.Connection(str(database))
    connection.execute("PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = 0").fetchall()
    waiting = connection.execute(RAW_NEXT, (CLAIMS_A_ROUND,)).fetchall()
    seconds = 0.0
    for first in range(0, CLAIMS_A_ROUND, RAW_BATCH):
        batch = json.dumps(waiting[first : first + RAW_BATCH])
        started = time.perf_counter()
        with connection:
            connection.execute(RAW_GIVE, ("node-0", 1, first, f"raw-{first}", batch))
            connection.execute(RAW_COUNT, (batch,))
            connection.execute(RAW_SWEEP)
            connection.execute(RAW_TELL, (batch, "node-0", 1))
        seconds += time.perf_counter() - started
    connection.close()
    return CLAIMS_A_ROUND / seconds


def _controller_memory(data_dir: Path) -> Figure:
    """The largest resident size (MB) of a controller process over the backlog."""
    environment = {"SKALDS_DATA_DIR": str(data_dir)}
    with tempfile.TemporaryDirectory() as directory, LocalProcesses(Path(directory), environment) as processes:
        processes.start_controller()
        process = psutil.Process(processes.processes["controller"].pid)
        deadline = time.monotonic() + MEMORY_SECONDS
        sizes = []
        while time.monotonic() < deadline:
            sizes.append(process.memory_info().rss / 1e6)
            time.sleep(0.2)
    return Figure("controller memory over 1,000,000 waiting", "MB", [max(sizes)], 400)
