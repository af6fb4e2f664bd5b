"""The node takes work when told or by itself, reports what became of it, and starts over when it was given up."""

import asyncio
from collections.abc import Sequence
from functools import partial

import pytest

from skalds.errors import SessionReplaced, StoreUnavailable, WorkerLaunchFailed
from skalds.model.lease import LeaseRow
from skalds.model.run_change import Change
from skalds.model.task import RunError, Task
from skalds.planning import lifecycle
from skalds.ports.worker_launcher import RunKey, RunOutcome, WorkerSignal
from skalds.testing import a_node
from tests.unit.node.conftest import NAME, Machine

KEY = RunKey("t", 1)
TERMINATE, KILL, SUSPEND, RESUME = WorkerSignal
REREAD = 2


async def test_assigned_task_is_accepted_and_launched_without_time_passing(machine: Machine) -> None:
    await machine.run("t")

    assert await machine.status() == "Running"
    assert machine.launcher.launched == [KEY]


async def test_run_that_ends_well_is_finished_and_released_at_once(machine: Machine) -> None:
    await machine.run("t")
    machine.launcher.end(KEY, RunOutcome.FINISHED, result={"n": 1})
    await machine.world.clock.settle()
    task = await machine.world.task("t")

    assert (task.lifecycle_status, task.final, task.result, task.holds_slot) == ("Finished", True, {"n": 1}, False)


async def test_failed_run_is_retried_with_the_next_attempt(machine: Machine) -> None:
    await machine.run("t")
    machine.launcher.end(KEY, RunOutcome.FAILED, error=RunError(type="ValueError", message="no"))
    await machine.world.clock.advance(2)
    await machine.controller.dispatch()
    await machine.world.clock.settle()

    assert machine.launcher.launched == [KEY, RunKey("t", 2)]


async def test_worker_that_vanished_is_a_failure(machine: Machine) -> None:
    await machine.run("t")
    machine.launcher.leave(KEY, -11)
    await machine.world.clock.settle()
    task = await machine.world.task("t")

    assert task.error is not None
    assert (task.lifecycle_status, task.error.type, task.holds_slot) == ("Failed", "WorkerExited", False)


async def test_lost_hint_costs_one_slow_reading_at_most(machine: Machine) -> None:
    machine.world.store.listeners.clear()
    await machine.run("t")
    assert await machine.status() == "Assigning"

    await machine.world.clock.advance(REREAD)

    assert await machine.status() == "Running"


async def test_node_registers_and_beats_every_second(machine: Machine) -> None:
    await machine.run("t")
    await machine.world.clock.advance(5)
    (presence,) = await machine.engine.directory.presences()

    assert await machine.session() == (1, False)
    assert (presence.beat.node_id, presence.beat.session) == (NAME, 1)
    assert presence.beat.count >= 6
    assert (presence.beat.live_tasks, presence.beat.draining) == (1, False)


async def test_cancelled_run_is_terminated(machine: Machine) -> None:
    await machine.run("t")
    await machine.world.move("t", lifecycle.cancel)
    await machine.world.clock.advance(REREAD)
    task = await machine.world.task("t")

    assert machine.launcher.signals_to(KEY) == [TERMINATE]
    assert (task.lifecycle_status, task.holds_slot) == ("Cancelled", False)


async def test_run_that_ignores_its_cancel_is_killed_when_the_grace_is_over(machine: Machine) -> None:
    machine.launcher.stubborn = True
    await machine.run("t")
    await machine.world.move("t", lifecycle.cancel)
    await machine.world.clock.advance(REREAD)
    await machine.world.clock.advance(9.9)
    assert machine.launcher.signals_to(KEY) == [TERMINATE]

    await machine.world.clock.advance(0.1)
    await machine.world.clock.settle()

    assert machine.launcher.signals_to(KEY) == [TERMINATE, KILL]
    assert not (await machine.world.task("t")).holds_slot


async def test_pause_and_resume_reach_the_worker(machine: Machine) -> None:
    await machine.run("t")
    await machine.world.move("t", lifecycle.pause)
    await machine.world.clock.advance(REREAD)
    await machine.world.move("t", lifecycle.resume)
    await machine.world.clock.advance(REREAD)

    assert machine.launcher.signals_to(KEY) == [SUSPEND, RESUME]


async def test_new_attachments_reach_the_worker_once(machine: Machine) -> None:
    await machine.run("t")
    await machine.world.move("t", lambda task, now: task.changed(now, attachments={"v": 2}, attachments_rev=1))
    await machine.world.clock.advance(3 * REREAD)

    assert machine.launcher.updates == [(KEY, {"v": 2})]


async def test_write_that_failed_is_repeated_and_nothing_was_launched_meanwhile(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    failing = True
    write = machine.engine.ledger.write

    async def fails_at_first(
        changes: Sequence[Change], *, durable: bool, lease: LeaseRow | None = None
    ) -> Sequence[bool]:
        if failing:
            raise StoreUnavailable
        return await write(changes, durable=durable, lease=lease)

    monkeypatch.setattr(machine.engine.ledger, "write", fails_at_first)
    await machine.run("t")
    await machine.world.clock.advance(1)
    assert machine.launcher.launched == []

    failing = False
    await machine.world.clock.advance(2)

    assert machine.launcher.launched == [KEY]


async def test_reading_that_failed_is_no_sign_that_a_run_was_taken_away(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fails(node_id: str, session: int) -> Sequence[Task]:
        raise StoreUnavailable

    await machine.run("t")
    with monkeypatch.context() as broken:
        broken.setattr(machine.engine.ledger, "runs_of", fails)
        await machine.world.clock.advance(5)
    await machine.world.clock.advance(15)

    assert machine.launcher.signals == []
    assert await machine.status() == "Running"


async def test_hint_whose_reading_failed_is_not_forgotten(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = 0
    runs_of = machine.engine.ledger.runs_of

    async def fails_once(node_id: str, session: int) -> Sequence[Task]:
        nonlocal calls
        calls += 1
        if calls == 1:
            raise StoreUnavailable
        return await runs_of(node_id, session)

    monkeypatch.setattr(machine.engine.ledger, "runs_of", fails_once)
    await machine.run("t")
    await machine.world.clock.advance(0.2)

    assert await machine.status() == "Running"


async def test_write_that_came_too_late_is_decided_again_at_once(machine: Machine) -> None:
    await machine.run("t")
    await machine.world.move("t", lambda task, now: task.changed(now, attachments={"v": 2}, attachments_rev=1))
    machine.launcher.end(KEY, RunOutcome.FINISHED)
    await machine.world.clock.settle()
    task = await machine.world.task("t")

    assert (task.lifecycle_status, task.attachments, task.holds_slot) == ("Finished", {"v": 2}, False)


async def test_run_given_to_somebody_else_is_killed_and_its_outcome_is_not_written(machine: Machine) -> None:
    machine.launcher.stubborn = True
    await machine.run("t")
    taken_back = await machine.world.move("t", lifecycle.lose)
    await machine.world.clock.advance(REREAD)

    assert machine.launcher.signals_to(KEY) == [KILL]
    assert await machine.world.task("t") == taken_back


async def test_node_that_was_given_up_kills_what_it_ran_and_registers_again(machine: Machine) -> None:
    await machine.run("t")
    taken_back = await machine.world.move("t", lifecycle.lose)
    await machine.engine.directory.leave(NAME, 1)
    await machine.world.clock.advance(REREAD)

    assert machine.launcher.signals_to(KEY) == [KILL]
    assert await machine.world.task("t") == taken_back
    assert await machine.session() == (2, False)


async def test_node_that_registered_again_takes_work(machine: Machine) -> None:
    await machine.run("t")
    await machine.world.move("t", lifecycle.lose)
    await machine.engine.directory.leave(NAME, 1)
    await machine.world.clock.advance(REREAD)
    await machine.controller.dispatch()
    await machine.world.clock.settle()

    assert machine.launcher.launched == [KEY, RunKey("t", 2)]
    assert await machine.status() == "Running"


async def test_node_whose_id_another_process_took_ends_with_that_error_and_its_runs_killed(machine: Machine) -> None:
    await machine.run("t")
    ended = asyncio.ensure_future(machine.agent.wait_ended())
    await machine.world.engine.directory.register(a_node(id=NAME), 0)
    await machine.world.clock.advance(REREAD)

    with pytest.raises(SessionReplaced):
        await ended
    assert machine.launcher.signals_to(KEY) == [KILL]


async def test_node_that_can_start_no_worker_ends_with_that_error_and_hands_back_what_it_accepted(
    machine: Machine,
) -> None:
    machine.launcher.broken = True
    ended = asyncio.ensure_future(machine.agent.wait_ended())
    await machine.run("t")
    with pytest.raises(WorkerLaunchFailed):
        await ended
    await machine.agent.stop()
    task = await machine.world.task("t")

    assert (task.lifecycle_status, task.failures, task.losses) == ("Created", 0, 0)


async def test_replaced_node_leaves_the_newer_session_alone_when_it_stops(machine: Machine) -> None:
    await machine.world.engine.directory.register(a_node(id=NAME), 0)
    await machine.world.clock.advance(REREAD)
    await machine.agent.stop()

    assert await machine.session() == (2, False)


async def test_run_is_terminated_at_its_limit_without_waiting_for_the_next_reading(machine: Machine) -> None:
    await machine.world.submit("t", timeout_ms=700)
    await machine.run()
    await machine.world.clock.advance(0.69)
    assert machine.launcher.signals == []

    await machine.world.clock.advance(0.01)
    await machine.world.clock.settle()
    task = await machine.world.task("t")

    assert machine.launcher.signals_to(KEY) == [TERMINATE]
    assert task.error is not None
    assert (task.lifecycle_status, task.error.type, task.holds_slot) == ("Failed", "timeout", False)


async def test_run_asked_to_leave_is_handed_back_while_the_node_goes_on(machine: Machine) -> None:
    await machine.run("t")
    await machine.world.move("t", partial(lifecycle.ask_to_leave, leave_for="<drain>"))
    await machine.world.clock.advance(REREAD)
    task = await machine.world.task("t")

    assert machine.launcher.signals_to(KEY) == [TERMINATE]
    assert (task.lifecycle_status, task.holds_slot, task.runs[-1].outcome) == ("Created", False, "drained")
    assert await machine.session() == (1, False)


async def test_beat_tells_how_busy_the_machine_is(machine: Machine) -> None:
    machine.load = 0.75
    await machine.world.clock.advance(1)
    (presence,) = await machine.engine.directory.presences()

    assert presence.beat.machine_load == 0.75


async def test_node_that_can_start_no_worker_takes_no_further_claim(machine: Machine) -> None:
    machine.launcher.broken = True
    await machine.run("t")

    registration = await machine.engine.directory.registration_of(NAME)
    assert registration is not None
    assert registration.leaving


@pytest.mark.parametrize("stalled", ["runs_of", "write"])
async def test_run_that_ended_before_its_limit_does_not_fail_by_it_when_the_store_was_slow(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, stalled: str
) -> None:
    await machine.world.submit("t", timeout_ms=5_000)
    await machine.run("other")
    call = getattr(machine.engine.ledger, stalled)

    async def slow(*args: object, **options: object) -> object:
        await machine.world.clock.sleep(3)
        return await call(*args, **options)

    await machine.world.clock.advance(3)
    monkeypatch.setattr(machine.engine.ledger, stalled, slow)
    machine.launcher.end(RunKey("other", 1), RunOutcome.FINISHED)
    await machine.world.clock.advance(1.5)
    machine.launcher.end(KEY, RunOutcome.FINISHED, result={"n": 1})
    await machine.world.clock.advance(20)

    assert await machine.status() == "Finished"


async def test_run_of_a_session_that_ended_keeps_its_place_until_its_process_is_gone(machine: Machine) -> None:
    names = [f"t{number}" for number in range(machine.slots)]
    await machine.run(*names)
    dying = RunKey(names[0], 1)
    kill = machine.launcher.signal

    async def signal(key: RunKey, what: WorkerSignal) -> None:
        if key != dying:
            await kill(key, what)

    machine.launcher.signal = signal  # type: ignore[method-assign,assignment]
    await machine.engine.directory.leave(NAME, 1)
    await machine.controller.recover()
    await machine.world.clock.advance(REREAD)
    assert await machine.session() == (2, False)

    await machine.controller.dispatch()
    await machine.world.clock.settle()
    running = [name for name in names if await machine.status(name) == "Running"]
    assert len(running) == machine.slots - 1

    machine.launcher.leave(dying, -9)
    await machine.world.clock.advance(REREAD)
    await machine.controller.dispatch()
    await machine.world.clock.settle()

    assert {await machine.status(name) for name in names} == {"Running"}
