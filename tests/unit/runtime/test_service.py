"""Services start in order, stop in reverse, and the first crash reaches whoever waits."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skalds.runtime.service import Service, ServiceGroup
from skalds.testing.fake_clock import FakeClock


class Recorder:
    """A service that notes what is asked of it in a common diary."""

    def __init__(self, name: str, diary: list[str], *, broken: tuple[str, ...] = ()) -> None:
        self.name = name
        self.diary = diary
        self.broken = broken

    async def start(self) -> None:
        self.note("start")

    async def stop(self) -> None:
        self.note("stop")

    def note(self, act: str) -> None:
        self.diary.append(f"{act} {self.name}")
        if act in self.broken:
            raise RuntimeError(f"{self.name} cannot {act}")


class Crashing(Recorder):
    """A recorder whose work ends when the test says so."""

    def __init__(self, name: str, diary: list[str]) -> None:
        super().__init__(name, diary)
        self.outcome: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def wait_ended(self) -> None:
        await asyncio.shield(self.outcome)


class Slow(Recorder):
    """A recorder that never gets its start done."""

    async def start(self) -> None:
        await super().start()
        await asyncio.Event().wait()


@given(broken=st.sets(st.integers(0, 4)))
@pytest.mark.usefixtures("events")
def test_stop_reaches_every_service_in_reverse_whatever_fails(broken: set[int]) -> None:
    diary: list[str] = []
    services = [Recorder(str(n), diary, broken=("stop",) if n in broken else ()) for n in range(5)]

    async def scenario() -> None:
        group = ServiceGroup(services)
        await group.start()
        await group.stop()
        await group.stop()

    asyncio.run(scenario())

    assert diary == [f"start {n}" for n in range(5)] + [f"stop {n}" for n in reversed(range(5))]


async def test_failed_start_stops_what_was_begun_and_is_raised() -> None:
    diary: list[str] = []
    names = ["a", "b", "c"]
    group = ServiceGroup([Recorder(name, diary, broken=("start",) if name == "b" else ()) for name in names])

    with pytest.raises(RuntimeError, match="b cannot start"):
        await group.start()

    assert diary == ["start a", "start b", "stop b", "stop a"]


async def test_run_until_ends_when_told() -> None:
    diary: list[str] = []
    stop = asyncio.Event()
    running = asyncio.create_task(ServiceGroup([Recorder("a", diary), Crashing("b", diary)]).run_until(stop))
    await FakeClock().settle()
    assert diary == ["start a", "start b"]

    stop.set()
    await running

    assert diary[2:] == ["stop b", "stop a"]


async def test_crash_of_one_stops_all_and_is_raised() -> None:
    diary: list[str] = []
    crashing = Crashing("b", diary)
    services: list[Service] = [Recorder("a", diary), ServiceGroup([crashing]), Crashing("c", diary)]
    running = asyncio.create_task(ServiceGroup(services).run_until(asyncio.Event()))
    await FakeClock().settle()

    crashing.outcome.set_exception(ZeroDivisionError())

    with pytest.raises(ZeroDivisionError):
        await running
    assert diary[3:] == ["stop c", "stop b", "stop a"]


async def test_stop_during_a_long_start_ends_it() -> None:
    diary: list[str] = []
    stop = asyncio.Event()
    running = asyncio.create_task(ServiceGroup([Recorder("a", diary), Slow("b", diary)]).run_until(stop))
    await FakeClock().settle()

    stop.set()
    await running

    assert diary == ["start a", "start b", "stop b", "stop a"]


async def test_cancelling_the_whole_life_stops_everything() -> None:
    diary: list[str] = []
    running = asyncio.create_task(ServiceGroup([Recorder("a", diary)]).run_until(asyncio.Event()))
    await FakeClock().settle()

    running.cancel()

    with pytest.raises(asyncio.CancelledError):
        await running
    assert diary == ["start a", "stop a"]


def test_failing_stop_is_logged(events: list[str]) -> None:
    async def scenario() -> None:
        group = ServiceGroup([Recorder("a", [], broken=("stop",))])
        await group.start()
        await group.stop()

    asyncio.run(scenario())

    assert events == ["service.stop_failed"]
