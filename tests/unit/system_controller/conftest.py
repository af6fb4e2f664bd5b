"""What the tests of the controller share."""

from collections.abc import Iterator

import pytest
from loguru import logger

from tests.unit.system_controller.world import World


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def events() -> Iterator[list[str]]:
    """The names of the events logged during the test."""
    names: list[str] = []
    logger.remove()
    logger.add(lambda message: names.append(message.record["message"]))
    yield names
    logger.remove()
