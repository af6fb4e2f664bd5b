"""What the tests of the API share."""

from collections.abc import AsyncIterator

import pytest

from tests.unit.system_controller.api.served import Served, serve


@pytest.fixture
async def api() -> AsyncIterator[Served]:
    """The API of a controller of mode DISPATCHER, without a token."""
    async with serve() as served:
        yield served
