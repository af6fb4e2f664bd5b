"""An answer to a cordon, a pause or a limit comes after the pass in flight, which may not know of it yet."""

import asyncio
from typing import Any

import pytest

from skalds.config._enum import SystemControllerModeEnum
from tests.unit.system_controller.api.served import Served, serve

CHANGES: list[tuple[str, str, Any]] = [
    ("PUT", "/api/dispatcher", {"paused": True}),
    ("POST", "/api/skalds/node-1/cordon", None),
    ("POST", "/api/skalds/node-1/drain", None),
    ("PUT", "/api/skalds/node-1/labels", {"zone": "a"}),
    ("PUT", "/api/tenants/t", {"maxRunning": 1}),
    ("DELETE", "/api/tenants/t", None),
    ("PUT", "/api/limits/k", {"max": 1}),
    ("DELETE", "/api/limits/k", None),
]


@pytest.mark.parametrize(("method", "path", "body"), CHANGES)
async def test_change_is_answered_after_the_pass_in_flight(api: Served, method: str, path: str, body: Any) -> None:
    await api.register(id="node-1")
    assert api.parts.dispatcher is not None
    async with api.parts.dispatcher.passing:
        answer = asyncio.create_task(api.call(method, path, body))
        await asyncio.wait([answer], timeout=0.1)
        assert not answer.done()

    assert (await answer).status_code == 200


async def test_a_controller_without_dispatcher_waits_for_nothing() -> None:
    async with serve(SystemControllerModeEnum.MONITOR) as api:
        assert (await api.call("PUT", "/api/limits/k", {"max": 1})).status_code == 200
