"""The engines that the suites run on."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from skalds.adapters.memory.engine import MemoryEngine
from skalds.adapters.memory.memory_store import MemoryStore
from skalds.adapters.sqlite.engine import SqliteEngine
from skalds.ports.engine import Engine
from skalds.testing import FakeClock

pytest.register_assert_rewrite("skalds.testing.conformance")

AGEING_STEP_MS = 60_000

OpenEngine = Callable[[str], Awaitable[Engine]]


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


def memory_world(clock: FakeClock) -> OpenEngine:
    store = MemoryStore(AGEING_STEP_MS)

    async def open_engine(_role: str) -> Engine:
        return await MemoryEngine.open(store, clock)

    return open_engine


def sqlite_world(clock: FakeClock, folder: Path) -> OpenEngine:
    async def open_engine(role: str) -> Engine:
        is_controller = role == "controller"
        return await SqliteEngine.open(
            folder / "data",
            clock,
            ageing_step_ms=AGEING_STEP_MS,
            role="controller" if is_controller else "node",
        )

    return open_engine


@pytest.fixture(params=["memory", "sqlite"])
def open_engine(request: pytest.FixtureRequest, clock: FakeClock, tmp_path: Path) -> OpenEngine:
    return memory_world(clock) if request.param == "memory" else sqlite_world(clock, tmp_path)


@pytest.fixture
async def engine(open_engine: OpenEngine) -> AsyncIterator[Engine]:
    engine = await open_engine("controller")
    yield engine
    await engine.close()


@pytest.fixture
async def other(open_engine: OpenEngine, engine: Engine) -> AsyncIterator[Engine]:
    other = await open_engine("node")
    yield other
    await other.close()


@pytest.fixture
def end_process() -> Callable[[Engine], Awaitable[None]]:
    async def end(participant: Engine) -> None:
        await participant.close()

    return end
