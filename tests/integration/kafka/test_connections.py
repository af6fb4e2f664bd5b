"""Connections that break in the middle, pass nothing or are slow, through a proxy that the broker names as itself."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from skalds.adapters.kafka.options import KafkaOptions
from skalds.testing.services.ports import free_port
from tests.fault_proxy import Direction, FaultProxy
from tests.integration.kafka.brokers import Listener, broker_with
from tests.integration.kafka.conftest import PARTITIONS
from tests.integration.kafka.pair import SOON_SECONDS, all_is_well, announce_in_time, connected

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def broker_port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[int, FaultProxy]]:
    port = free_port()
    with FaultProxy(port) as proxy:
        listener = Listener("PLAINTEXT", port, proxy.port)
        with broker_with(tmp_path_factory.mktemp("kafka"), listener, {}):
            yield port, proxy


@pytest.fixture
def proxy(broker_port: tuple[int, FaultProxy]) -> Iterator[FaultProxy]:
    _, proxy = broker_port
    yield proxy
    proxy.heal()


@pytest.fixture
def proxied(proxy: FaultProxy) -> KafkaOptions:
    return KafkaOptions(servers=(f"{proxy.host}:{proxy.port}",), partitions=PARTITIONS)


@pytest.mark.parametrize("direction", Direction)
@pytest.mark.parametrize("count", [0, 10, 100])
async def test_connection_breaks_in_the_middle(
    proxy: FaultProxy, proxied: KafkaOptions, count: int, direction: Direction
) -> None:
    async with connected(proxied) as pair:
        proxy.reset_after(count, direction)
        await all_is_well(pair, "after one break")
        proxy.reset()
        await all_is_well(pair, "after all have broken")


@pytest.mark.parametrize("directions", [(Direction.TO_SERVER,), (Direction.TO_CLIENT,), tuple(Direction)])
async def test_network_passes_nothing_for_a_while(
    proxy: FaultProxy, proxied: KafkaOptions, directions: tuple[Direction, ...]
) -> None:
    async with connected(proxied) as pair:
        proxy.lose(*directions)
        await announce_in_time(pair.sender, SOON_SECONDS)
        proxy.heal()
        await all_is_well(pair, "after")


async def test_slow_network_costs_time_only(proxy: FaultProxy, proxied: KafkaOptions) -> None:
    async with connected(replace(proxied, delivery_seconds=10)) as pair:
        proxy.delay(0.3)
        await all_is_well(pair, "slowly")
