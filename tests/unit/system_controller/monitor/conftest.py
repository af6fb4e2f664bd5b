"""A controller whose queue and bus fail when told to."""

import pytest

from tests.unit.system_controller.monitor.ports_with_faults import BusWithFaults, NotingLanes, QueueWithFaults
from tests.unit.system_controller.world import Replica, World


@pytest.fixture
def queue(world: World) -> QueueWithFaults:
    world.engine.queue = queue = QueueWithFaults(world)
    return queue


@pytest.fixture
def bus(world: World) -> BusWithFaults:
    world.engine.bus = bus = BusWithFaults(world)
    return bus


@pytest.fixture
def lanes(world: World) -> NotingLanes:
    world.engine.lanes = lanes = NotingLanes(world)
    return lanes


@pytest.fixture
def replica(world: World, queue: QueueWithFaults, bus: BusWithFaults, lanes: NotingLanes) -> Replica:
    return Replica(world)
