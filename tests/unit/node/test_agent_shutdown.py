"""A node that is told to stop takes nothing new, and ends or hands back what it runs."""

import asyncio
import signal

import pytest

from skalds.adapters.memory.node_directory import MemoryNodeDirectory
from skalds.errors import StoreUnavailable
from skalds.ports.worker_launcher import RunKey, RunOutcome, WorkerSignal
from tests.unit.node.conftest import NAME, Machine
from tests.unit.system_controller.world import World

KEY = RunKey("t", 1)
TERMINATE, KILL, _, _ = WorkerSignal
DRAIN, GRACE = 300, 10


async def stopping(machine: Machine, received: signal.Signals) -> "asyncio.Task[None]":
    """The node has received this signal and begins to stop."""
    machine.shutdown.request(received)
    stop = asyncio.create_task(machine.agent.stop())
    await machine.settle()
    return stop


async def assert_stopped(machine: Machine, stop: "asyncio.Task[None]") -> None:
    await machine.settle()
    assert stop.done()
    await stop
    assert machine.launcher.closed
    assert (await machine.session())[1]


async def test_interrupt_hands_what_runs_back_at_once_and_uncounted(machine: Machine) -> None:
    await machine.run("t")
    stop = await stopping(machine, signal.SIGINT)
    await assert_stopped(machine, stop)
    task = await machine.world.task("t")

    assert machine.launcher.signals_to(KEY) == [TERMINATE]
    assert (task.lifecycle_status, task.failures, task.losses, task.refusals) == ("Created", 0, 0, 0)
    assert task.is_waiting


async def test_idle_node_stops_at_once(machine: Machine) -> None:
    stop = await stopping(machine, signal.SIGTERM)

    await assert_stopped(machine, stop)


async def test_sigterm_lets_what_runs_finish(machine: Machine) -> None:
    await machine.run("t")
    stop = await stopping(machine, signal.SIGTERM)
    await machine.world.clock.advance(DRAIN - 1)
    assert (machine.launcher.signals, stop.done()) == ([], False)

    machine.launcher.end(KEY, RunOutcome.FINISHED)
    await assert_stopped(machine, stop)

    assert await machine.status() == "Finished"
    assert machine.launcher.signals == []


async def test_drain_is_said_with_the_next_beat_at_once(machine: Machine) -> None:
    await machine.run("t")
    await stopping(machine, signal.SIGTERM)
    (presence,) = await machine.engine.directory.presences()

    assert presence.beat.draining
    machine.launcher.end(KEY, RunOutcome.FINISHED)
    await machine.settle()


async def test_draining_node_refuses_what_is_new(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fails(*_: object) -> None:
        raise StoreUnavailable

    monkeypatch.setattr(MemoryNodeDirectory, "begin_leaving", fails)  # the store does not know yet
    await machine.run("t")
    await machine.world.submit("late")
    await machine.controller.observe()
    machine.shutdown.request(signal.SIGTERM)
    stop = asyncio.create_task(machine.agent.stop())
    await machine.controller.dispatcher._dispatch_tasks()
    await machine.settle()
    late = await machine.world.task("late")
    machine.launcher.end(KEY, RunOutcome.FINISHED)
    await assert_stopped(machine, stop)

    assert (late.lifecycle_status, late.refusals) == ("Created", 1)
    assert machine.launcher.launched == [KEY]


async def test_what_outlasts_the_drain_is_handed_back(machine: Machine) -> None:
    await machine.run("t")
    stop = await stopping(machine, signal.SIGTERM)
    await machine.world.clock.advance(DRAIN)
    await assert_stopped(machine, stop)

    assert machine.launcher.signals_to(KEY) == [TERMINATE]
    assert await machine.status() == "Created"


async def test_second_signal_ends_the_drain(machine: Machine) -> None:
    await machine.run("t")
    stop = await stopping(machine, signal.SIGTERM)
    await machine.world.clock.advance(1)
    machine.agent.hurry()
    await assert_stopped(machine, stop)

    assert await machine.status() == "Created"


async def test_stubborn_worker_is_killed_after_the_grace_and_its_task_handed_back(machine: Machine) -> None:
    machine.launcher.stubborn = True
    await machine.run("t")
    stop = await stopping(machine, signal.SIGINT)
    await machine.world.clock.advance(GRACE - 0.1)
    assert machine.launcher.signals_to(KEY) == [TERMINATE]

    await machine.world.clock.advance(0.1)
    await assert_stopped(machine, stop)

    assert machine.launcher.signals_to(KEY) == [TERMINATE, KILL]
    assert await machine.status() == "Created"


async def test_nobody_is_left_sleeping_after_the_stop(machine: Machine) -> None:
    machine.launcher.stubborn = True
    await machine.run("t")
    stop = await stopping(machine, signal.SIGINT)
    await machine.world.clock.advance(GRACE)
    await assert_stopped(machine, stop)

    assert machine.world.clock.sleepers == 0


async def test_node_that_never_came_to_start_stops_at_once() -> None:
    machine = Machine(World())
    stop = asyncio.create_task(machine.agent.stop())
    await machine.settle()
    stopped = stop.done()
    await machine.world.clock.advance(DRAIN)
    await stop

    assert stopped


async def test_store_knows_that_the_node_leaves_before_anything_is_handed_back(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[tuple[str, int, str]] = []

    async def begin_leaving(node_id: str, session: int) -> None:
        calls.append((node_id, session, await machine.status()))

    monkeypatch.setattr(machine.engine.directory, "begin_leaving", begin_leaving)
    await machine.run("t")
    stop = await stopping(machine, signal.SIGINT)
    await assert_stopped(machine, stop)

    assert calls == [(NAME, 1, "Running")]


async def test_store_that_cannot_be_told_keeps_no_node_from_stopping(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def begin_leaving(node_id: str, session: int) -> None:
        raise StoreUnavailable

    monkeypatch.setattr(machine.engine.directory, "begin_leaving", begin_leaving)
    await machine.run("t")
    stop = await stopping(machine, signal.SIGINT)
    await assert_stopped(machine, stop)

    assert await machine.status() == "Created"


async def test_node_given_up_while_it_drains_leaves_with_its_next_session_too(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[int] = []

    async def begin_leaving(node_id: str, session: int) -> None:
        calls.append(session)

    monkeypatch.setattr(machine.engine.directory, "begin_leaving", begin_leaving)
    await machine.run("t")
    stop = await stopping(machine, signal.SIGTERM)
    await machine.engine.directory.leave(NAME, 1)
    await machine.world.clock.advance(2)
    await assert_stopped(machine, stop)

    assert await machine.session() == (2, True)
    assert calls == [1, 2]
