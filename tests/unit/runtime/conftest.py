"""What the tests of the runtime share."""

from collections.abc import Iterator

import pytest
from loguru import logger


@pytest.fixture
def events() -> Iterator[list[str]]:
    """The names of the events logged during the test."""
    names: list[str] = []
    logger.remove()
    logger.add(lambda message: names.append(message.record["message"]))
    yield names
    logger.remove()
