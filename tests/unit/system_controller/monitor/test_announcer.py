"""Announcements that failed are repeated while it is worth it."""

import pytest

from skalds.model.event import Topic
from skalds.model.plan import Assign
from skalds.ports.dispatch_queue import Claim
from skalds.system_controller.monitor.announcer import Announcer
from tests.unit.system_controller.monitor.ports_with_faults import BusWithFaults
from tests.unit.system_controller.world import World

pytestmark = pytest.mark.usefixtures("events")


@pytest.fixture
def announcer(world: World, bus: BusWithFaults) -> Announcer:
    return Announcer(bus, world.clock)


def a_claim(node: str, *names: str) -> Claim:
    return Claim(f"claim-{node}", node, 1, 1000, 6000, [Assign(name, 0, node, 1, 1) for name in names])


async def test_one_event_per_claim_names_the_node_and_its_tasks(announcer: Announcer, bus: BusWithFaults) -> None:
    await announcer.announce([a_claim("n1", "a", "b"), a_claim("n2", "c")])

    assert bus.told == {"n1": ["a", "b"], "n2": ["c"]}
    assert {(message.topic, message.event.initiator) for message in bus.sent} == {(Topic.ASSIGN, "dispatcher")}


async def test_claim_without_assignments_is_not_announced(announcer: Announcer, bus: BusWithFaults) -> None:
    await announcer.announce([a_claim("n1")])

    assert bus.sent == []


async def test_failed_announcement_is_repeated_until_it_gets_through_and_then_no_more(
    world: World, announcer: Announcer, bus: BusWithFaults
) -> None:
    bus.down = True
    await announcer.announce([a_claim("n1", "a")])
    await world.clock.advance(2)
    await announcer.run_once()
    bus.down = False
    await world.clock.advance(2)
    await announcer.run_once()
    await announcer.run_once()

    assert bus.told == {"n1": ["a"]}


@pytest.mark.parametrize(("later", "told"), [(4.999, {"n1": ["a"]}), (5, {})])
async def test_announcement_is_not_repeated_once_the_assignment_has_run_out(
    world: World, announcer: Announcer, bus: BusWithFaults, later: float, told: dict[str, list[str]]
) -> None:
    bus.down = True
    await announcer.announce([a_claim("n1", "a")])
    bus.down = False
    await world.clock.advance(later)
    await announcer.run_once()

    assert bus.told == told


@pytest.mark.parametrize("jump", [3_600_000, -3_600_000])
async def test_jump_of_the_wall_clock_changes_no_patience(
    world: World, announcer: Announcer, bus: BusWithFaults, jump: int
) -> None:
    bus.down = True
    await announcer.announce([a_claim("n1", "a")])
    bus.down = False
    world.clock.jump_wall(jump)
    await announcer.run_once()

    assert bus.told == {"n1": ["a"]}


async def test_success_of_one_does_not_hide_the_failure_of_another(
    world: World, announcer: Announcer, bus: BusWithFaults, events: list[str]
) -> None:
    bus.down = True
    await announcer.announce([a_claim("n1", "a")])
    bus.down = False
    await announcer.announce([a_claim("n2", "b")])
    await announcer.run_once()

    assert bus.told == {"n2": ["b"], "n1": ["a"]}
    assert events == ["announce.failed", "announce.retried"]
