"""Strategy, interval and pause can be changed while the dispatcher runs, and status says how it stands."""

from datetime import timedelta
from typing import Any

import pytest

from skalds.config._enum import DispatcherStrategyEnum
from skalds.errors import ValidationFailed
from skalds.system_controller.monitor.dispatch_policy import INTERVAL_KEY, STRATEGY_KEY
from tests.unit.system_controller.monitor.ports_with_faults import QueueWithFaults, nothing
from tests.unit.system_controller.monitor.test_dispatcher_loop import renewing
from tests.unit.system_controller.world import Replica, World

LEAST_TASKS, ROUND_ROBIN, RANDOM, *_ = DispatcherStrategyEnum.list()
ALL = {"strategy": ROUND_ROBIN, "interval": 60, "paused": True}

pytestmark = pytest.mark.usefixtures("events")


async def uneven_nodes(world: World, replica: Replica) -> None:
    """`busy` has three tasks and `idle` none, so that each strategy chooses differently."""
    await world.join("busy", slots=9)
    await world.submit("x", "y", "z")
    await replica.dispatch()
    await world.join("idle", slots=9)


async def next_two(world: World, replica: Replica, prefix: str) -> list[str | None]:
    """The nodes of two new tasks."""
    names = [f"{prefix}{number}" for number in range(2)]
    await world.submit(*names)
    await replica.dispatch()
    placed = await world.placed()
    return [placed[name] for name in names]


async def test_strategy_switches_with_the_next_pass(world: World, replica: Replica) -> None:
    await uneven_nodes(world, replica)
    assert await next_two(world, replica, "a") == ["idle", "idle"]

    await replica.dispatcher.set_strategy(ROUND_ROBIN)

    assert await next_two(world, replica, "b") == ["busy", "idle"]


@pytest.mark.parametrize("name", [DispatcherStrategyEnum.RANDOM, "RANDOM", "random", "Random"])
async def test_strategy_may_be_given_as_enum_or_name_in_any_case(
    replica: Replica, name: DispatcherStrategyEnum | str
) -> None:
    await replica.dispatcher.set_strategy(name)

    assert replica.dispatcher.get_status()["strategy"] == RANDOM


async def test_unknown_strategy_is_refused_with_the_valid_names_and_changes_nothing(
    world: World, replica: Replica
) -> None:
    with pytest.raises(ValidationFailed) as raised:
        await replica.dispatcher.set_strategy("FASTEST")

    assert all(name in raised.value.message for name in DispatcherStrategyEnum.list())
    assert replica.dispatcher.get_status()["strategy"] == LEAST_TASKS
    assert dict(await world.engine.settings.read()) == {}


async def test_switched_strategy_survives_a_restart(world: World, replica: Replica) -> None:
    await replica.dispatcher.set_strategy(ROUND_ROBIN)
    restarted = Replica(world).dispatcher
    await restarted.start()
    await restarted.stop()

    assert restarted.get_status()["strategy"] == ROUND_ROBIN
    assert restarted.get_status()["strategySource"] == "runtime"


async def test_none_goes_back_to_what_was_configured_for_good(world: World, replica: Replica) -> None:
    await replica.dispatcher.set_strategy(RANDOM)
    await replica.dispatcher.set_strategy(None)
    restarted = Replica(world).dispatcher
    await restarted.start()
    await restarted.stop()

    for dispatcher in (replica.dispatcher, restarted):
        status = dispatcher.get_status()
        assert (status["strategy"], status["strategySource"]) == (LEAST_TASKS, "default")


async def test_stored_strategy_that_this_version_does_not_know_keeps_nobody_from_starting(
    world: World, replica: Replica
) -> None:
    await world.engine.settings.write({STRATEGY_KEY: "FROM_THE_FUTURE"})
    await replica.dispatcher.start()
    await replica.dispatcher.stop()
    status = replica.dispatcher.get_status()

    assert (status["strategy"], status["strategySource"]) == (LEAST_TASKS, "default")


async def restarted(world: World) -> dict[str, Any]:
    """The status of a controller that starts now and stops again."""
    dispatcher = Replica(world).dispatcher
    await dispatcher.start()
    await dispatcher.stop()
    return dispatcher.get_status()


async def test_everything_changes_together_and_survives_a_restart(world: World, replica: Replica) -> None:
    await replica.dispatcher.change(ALL)

    for status in (replica.dispatcher.get_status(), await restarted(world)):
        assert {field: status[field] for field in ALL} == ALL
        assert {status[f"{field}Source"] for field in ALL} == {"runtime"}


async def test_everything_goes_back_to_what_is_configured(world: World, replica: Replica) -> None:
    await replica.dispatcher.change(ALL)
    await replica.dispatcher.change(dict.fromkeys(ALL))

    for status in (replica.dispatcher.get_status(), await restarted(world)):
        assert {field: status[field] for field in ALL} == {"strategy": LEAST_TASKS, "interval": 5, "paused": False}
        assert {status[f"{field}Source"] for field in ALL} == {"default"}


async def test_one_wrong_field_keeps_all_of_them_as_they_were(world: World, replica: Replica) -> None:
    with pytest.raises(ValidationFailed, match="interval"):
        await replica.dispatcher.change({"strategy": RANDOM, "interval": 0})

    assert dict(await world.engine.settings.read()) == {}
    assert replica.dispatcher.get_status()["strategy"] == LEAST_TASKS


async def test_change_by_another_controller_is_taken_in_by_refreshing(world: World, replica: Replica) -> None:
    await Replica(world, "controller-2").dispatcher.change(ALL)
    assert replica.dispatcher.get_status()["paused"] is False

    await replica.dispatcher.refresh_policy()

    assert {field: replica.dispatcher.get_status()[field] for field in ALL} == ALL


async def test_new_interval_counts_from_now_on(world: World, replica: Replica) -> None:
    await replica.observe()
    await replica.dispatcher.start()
    await replica.dispatcher.change({"interval": 60})
    await world.clock.settle()
    changed_at = world.clock.wall_ms()
    await renewing(world, replica, 59)
    assert replica.dispatcher.get_status()["lastPass"]["at"] == changed_at

    await renewing(world, replica, 1)
    await world.clock.settle()
    await replica.dispatcher.stop()

    assert replica.dispatcher.get_status()["lastPass"]["at"] == changed_at + 60_000


async def test_reading_that_another_one_overtook_brings_nothing_back(
    world: World, replica: Replica, monkeypatch: pytest.MonkeyPatch
) -> None:
    control, read = replica.dispatcher.control, world.engine.settings.read

    async def read_and_be_overtaken() -> Any:
        old = await read()
        monkeypatch.setattr(world.engine.settings, "read", read)
        await control.change({"paused": True})
        return old

    monkeypatch.setattr(world.engine.settings, "read", read_and_be_overtaken)

    assert await control.refresh() is False
    assert control.policy.paused


@pytest.mark.parametrize("text", ["", "soon", "-1", "1.5"])
async def test_stored_interval_that_nobody_can_read_is_left_out(world: World, replica: Replica, text: str) -> None:
    await world.engine.settings.write({INTERVAL_KEY: text})
    await replica.dispatcher.refresh_policy()

    assert replica.dispatcher.control.policy.interval == timedelta(seconds=5)


async def test_what_changed_is_logged_once(world: World, replica: Replica, events: list[str]) -> None:
    await replica.dispatcher.change(ALL)
    await replica.dispatcher.refresh_policy()

    assert (events.count("strategy.changed"), events.count("dispatch.paused")) == (1, 1)


async def test_status_has_the_six_keys_of_0_3_8_and_ours(world: World, replica: Replica) -> None:
    await world.join("n1")
    await world.join("edge", mode="edge")
    await world.submit("a")
    await replica.dispatch()
    await replica.observe()
    status = replica.dispatcher.get_status()
    old = ("running", "interval", "strategy", "thread_alive", "available_skalds", "total_skald_tasks")

    assert {key: status[key] for key in old} == {
        "running": False,
        "interval": 5,
        "strategy": "LEAST_TASKS",
        "thread_alive": False,
        "available_skalds": 1,
        "total_skald_tasks": 1,
    }
    assert (status["leading"], status["leader"], status["term"], status["assignedTotal"]) == (
        True, "controller-1", 1, 1,
    )  # fmt: skip
    assert status["strategies"] == DispatcherStrategyEnum.list()


async def test_status_of_a_follower_names_the_leader(world: World, replica: Replica) -> None:
    await replica.observe()
    follower = Replica(world, "controller-2")
    await follower.observe()
    status = follower.dispatcher.get_status()

    assert (status["leading"], status["leader"], status["lastPass"]) == (False, "controller-1", None)


@pytest.mark.parametrize("key", ["running", "thread_alive"])
async def test_status_says_whether_it_runs(replica: Replica, key: str) -> None:
    await replica.dispatcher.start()
    assert replica.dispatcher.get_status()[key] is True

    await replica.dispatcher.stop()

    assert replica.dispatcher.get_status()[key] is False


async def test_pause_that_comes_while_the_store_is_waited_for_holds_for_that_pass(
    world: World, replica: Replica, queue: QueueWithFaults
) -> None:
    await world.join("n1", slots=9)
    await world.submit("a")
    queue.before_heads = lambda: replica.dispatcher.change({"paused": True})

    assert await replica.dispatch() == 0
    assert await world.statuses("a") == ["Created"]

    queue.before_heads = nothing
    await replica.dispatcher.change({"paused": None})
    assert await replica.dispatch() == 1
