"""The client's calls for operators against the API of a controller, without a network."""

from collections.abc import AsyncIterator

import httpx
import pytest

from skalds.client import SkaldsClient
from skalds.client.json_client import JsonClient
from skalds.errors import Conflict, NotFound, ValidationFailed
from skalds.testing.replay import replay
from tests.unit.system_controller.api.served import LOCAL, Served, serve


@pytest.fixture
async def api() -> AsyncIterator[Served]:
    async with serve() as served:
        yield served


@pytest.fixture
async def client(api: Served) -> AsyncIterator[SkaldsClient]:
    async with SkaldsClient(LOCAL, transport=httpx.ASGITransport(api.app)) as made:
        yield made


async def test_the_dispatcher_is_set_and_asked(client: SkaldsClient, api: Served) -> None:
    api.add_node(slots=1)
    await client.submit({"className": "Demo", "id": "t"})

    status = await client.change_dispatcher({"interval": 9, "paused": True})
    plan = await client.plan()
    more = await client.plan({"nodes": [{"classes": ["Demo"], "count": 2}]})

    assert (status["interval"], status["paused"]) == (9, True)
    assert (plan["assigned"], more["assigned"]) == (1, 1)
    assert replay(await client.dump_pass()).is_same
    with pytest.raises(Conflict, match="paused"):
        await client.run_dispatcher()


async def test_tenants_and_limits_are_set_and_unset(client: SkaldsClient) -> None:
    assert (await client.set_tenant("t", {"weight": 2, "maxQueued": 5}))["weight"] == 2
    assert (await client.tenants())["total"] == 1
    assert (await client.unset_tenant("t"))["isSet"] is False
    assert (await client.set_limit("a/b?", 4))["max"] == 4
    assert [item["concurrencyKey"] for item in (await client.limits())["items"]] == ["a/b?"]
    assert (await client.unset_limit("a/b?"))["max"] == 1


async def test_nodes_are_steered(client: SkaldsClient, api: Served) -> None:
    await api.register()

    assert (await client.command_node("node-1", "drain"))["draining"] is True
    assert (await client.label_node("node-1", {"zone": "a"}))["labels"]["zone"] == "a"
    assert [entry["target"] for entry in (await client.audit(5))["items"]] == ["node:node-1", "node:node-1"]
    with pytest.raises(NotFound):
        await client.command_node("nope", "drain")


async def test_wrong_fields_are_told_by_name(client: SkaldsClient) -> None:
    with pytest.raises(ValidationFailed) as raised:
        await client.set_tenant("t", {"weight": 0})

    assert [problem.field for problem in raised.value.problems] == ["weight"]


@pytest.mark.parametrize("name", ["", ".", ".."])
async def test_a_name_that_would_lead_elsewhere_is_not_sent(client: SkaldsClient, name: str) -> None:
    with pytest.raises(NotFound):
        await client.set_limit(name, 2)


async def test_the_client_of_the_commands_has_the_same_calls(api: Served) -> None:
    async with JsonClient(LOCAL, transport=httpx.ASGITransport(api.app)) as client:
        assert (await client.policy.tenants())["items"] == []
        assert (await client.dispatch.plan())["assigned"] == 0
