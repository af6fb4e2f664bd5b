"""The parts of a controller wake each other: what makes a difference is acted on without time passing."""

import random
from collections.abc import AsyncIterator

import pytest

from skalds.config._enum import SystemControllerModeEnum
from skalds.errors import StoreUnavailable
from skalds.model.policy import NodePolicy, TenantPolicy
from skalds.model.task import RunError, Task
from skalds.planning import lifecycle
from skalds.system_controller.controller import Controller
from skalds.system_controller.monitor.node_drain import DRAINED
from skalds.system_controller.policy_book import PolicyBook
from skalds.system_controller.surroundings import Surroundings
from skalds.testing import CountingIds
from tests.unit.system_controller.world import POLICY, TIMINGS, World

pytestmark = pytest.mark.usefixtures("events")


def a_controller(world: World, mode: SystemControllerModeEnum = SystemControllerModeEnum.DISPATCHER) -> Controller:
    name = "controller-1"
    around = Surroundings(world.engine, world.clock, CountingIds(name), random.Random(1), TIMINGS, name)
    return Controller(around, mode, POLICY)


@pytest.fixture
async def controller(world: World) -> AsyncIterator[Controller]:
    """A controller that runs and leads, over a node with two slots."""
    await world.join("n1")
    controller = a_controller(world)
    services = controller.services()
    for service in services:
        await service.start()
    await settle(world)
    yield controller
    for service in reversed(services):
        await service.stop()


async def settle(world: World) -> None:
    """Lets a tap be heard and everything follow from it, in the shortest time between two looks at nodes."""
    world.engine.wakeup.notify()
    for _ in range(3):
        await world.clock.settle()
    await world.clock.advance(0.1)
    for _ in range(3):
        await world.clock.settle()


async def pass_time(world: World, seconds: int) -> None:
    """Lets time pass while the node n1 beats."""
    registration = await world.engine.directory.registration_of("n1")
    assert registration is not None
    for _ in range(seconds):
        await world.beat("n1", registration.session)
        await world.clock.advance(1)
        await world.clock.settle()


@pytest.mark.usefixtures("controller")
async def test_task_is_placed_as_soon_as_the_feed_tells_of_it(world: World) -> None:
    await world.submit("a")
    await settle(world)

    assert await world.placed() == {"a": "n1"}


async def test_limit_that_is_lifted_here_lets_tasks_start_at_once(world: World, controller: Controller) -> None:
    await controller.policies.set_tenant("default", TenantPolicy(max_running=0))
    await world.submit("a")
    await settle(world)
    assert await world.placed() == {}

    await controller.policies.set_tenant("default", None)
    await settle(world)

    assert await world.placed() == {"a": "n1"}


async def test_nothing_starts_before_the_limits_are_known(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    await PolicyBook(world.engine, world.clock).set_tenant("default", TenantPolicy(max_running=1))
    await world.join("n1")
    await world.submit("a", "b")
    controller = a_controller(world)
    services = controller.services()

    async def broken() -> bool:
        raise StoreUnavailable

    with monkeypatch.context() as patch:
        patch.setattr(controller.policies, "refresh", broken)
        for service in services:
            await service.start()
        await pass_time(world, 3)
        assert await world.placed() == {}
    await pass_time(world, 3)
    for service in reversed(services):
        await service.stop()

    assert len(await world.placed()) == 1


async def test_node_that_is_uncordoned_here_gets_tasks_at_once(world: World, controller: Controller) -> None:
    await controller.policies.set_node("n1", NodePolicy(cordoned=True))
    await world.submit("a")
    await settle(world)
    assert await world.placed() == {}

    await controller.policies.set_node("n1", None)
    await settle(world)

    assert await world.placed() == {"a": "n1"}


async def test_drain_asks_what_runs_at_once(world: World, controller: Controller) -> None:
    await world.submit("a")
    await settle(world)
    await world.accept("a")
    await settle(world)
    await controller.policies.set_node("n1", NodePolicy(draining=True))
    await settle(world)
    assignment = (await world.task("a")).assignment

    assert assignment is not None
    assert assignment.leave_for == DRAINED


@pytest.mark.usefixtures("controller")
async def test_dependants_of_a_cancelled_task_fail_at_once(world: World) -> None:
    await world.submit("parent", class_name="Nobody runs this")
    await world.submit("child", dependencies=["parent"])
    await settle(world)
    await world.move("parent", lifecycle.cancel)
    await settle(world)

    assert await world.statuses("child") == ["Failed"]


async def test_task_nobody_told_of_is_found_by_the_watchdog_or_before(world: World, controller: Controller) -> None:
    assert controller.dispatcher is not None
    await controller.dispatcher.change({"interval": 86_400})
    await settle(world)
    await world.submit("a")
    await pass_time(world, 3)

    assert await world.placed() == {"a": "n1"}


async def test_class_that_proves_itself_again_gets_its_tasks_without_being_overlooked(
    world: World, controller: Controller, events: list[str]
) -> None:
    assert controller.dispatcher is not None
    await controller.dispatcher.change({"interval": 86_400})
    for number in range(3):
        await world.submit(f"bad-{number}", max_attempts=1)
        await settle(world)
        await world.accept(f"bad-{number}")
        await settle(world)
        await world.move(f"bad-{number}", _fail)
        await world.move(f"bad-{number}", lifecycle.release)
        await settle(world)
    await world.submit("good-1", "good-2")
    await pass_time(world, 11)
    assert list(await world.placed()) == ["good-1"]
    await world.accept("good-1")
    await pass_time(world, 4)

    assert sorted(await world.placed()) == ["good-1", "good-2"]
    assert "dispatch.stalled" not in events


def _fail(task: Task, now: int) -> Task:
    return lifecycle.fail(task, now, error=RunError(type="E", message=""), started=now, ended=now, jitter=0)


@pytest.mark.parametrize("mode", list(SystemControllerModeEnum))
async def test_each_mode_stands_for_its_duties_only(world: World, mode: SystemControllerModeEnum) -> None:
    controller = a_controller(world, mode)
    services = controller.services()
    for service in services:
        await service.start()
    await settle(world)
    held = {duty for duty, lease in world.store.leases.items() if lease.holder}
    for service in reversed(services):
        await service.stop()

    assert (
        held
        == {
            SystemControllerModeEnum.CONTROLLER: set(),
            SystemControllerModeEnum.MONITOR: {"monitor"},
            SystemControllerModeEnum.DISPATCHER: {"monitor", "dispatcher"},
        }[mode]
    )
    assert (controller.dispatcher is not None) == (mode is SystemControllerModeEnum.DISPATCHER)
