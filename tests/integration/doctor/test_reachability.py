"""Why nothing answers: the name, the port, silence, or one of several addresses only."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from skalds.adapters.reachability import Address, find_members_reachable, find_reachable
from skalds.ports.checkup import Finding, Verdict
from skalds.testing.services.ports import free_port


@pytest.fixture
def open_port() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield int(listening.getsockname()[1])


@pytest.fixture
def silent_port() -> Iterator[int]:
    """A port whose queue is full: a connection is neither taken nor refused, as behind a firewall that drops."""
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        port = int(full.getsockname()[1])
        waiting = []
        try:
            for _ in range(8):
                one = socket.socket()
                one.setblocking(False)
                one.connect_ex(("127.0.0.1", port))
                waiting.append(one)
            yield port
        finally:
            for one in waiting:
                one.close()


async def look(*addresses: tuple[str, int | None], seconds: float = 5.0) -> Finding:
    return await find_reachable([Address(*address) for address in addresses], "SOME_HOST", seconds)


async def test_what_listens_is_well(open_port: int) -> None:
    assert (await look(("127.0.0.1", open_port))).verdict is Verdict.OK


async def test_a_name_is_tried_at_each_of_its_addresses(open_port: int) -> None:
    # Where it has one, `localhost` begins with an IPv6 address, at which nobody listens here.
    assert (await look(("localhost", open_port))).verdict is Verdict.OK


async def test_a_socket_in_the_file_system_is_reached(tmp_path: Path) -> None:
    path = str(tmp_path / "socket")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(path)
        listening.listen()

        assert (await look((path, None))).verdict is Verdict.OK


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
async def test_a_closed_port_refuses(host: str) -> None:
    finding = await look((host, free_port()))

    assert finding.is_wrong
    assert "nothing listens there" in finding.detail
    assert "SOME_HOST" in finding.fix


async def test_a_name_that_nobody_has_is_named() -> None:
    finding = await look(("nobody.invalid", 1))

    assert finding.is_wrong
    assert "nobody.invalid cannot be resolved" in finding.detail


async def test_silence_is_waited_for_in_bounded_time(silent_port: int) -> None:
    finding = await look(("127.0.0.1", silent_port), seconds=0.2)

    assert finding.is_wrong
    assert "does not answer within 0.2 s" in finding.detail
    assert "firewall" in finding.fix


async def test_one_of_several_is_enough_to_begin_with(open_port: int) -> None:
    closed = free_port()
    finding = await look(("127.0.0.1", closed), ("127.0.0.1", open_port))

    assert finding.verdict is Verdict.WARNING
    assert str(closed) in finding.detail


async def test_members_are_judged_alike(open_port: int) -> None:
    closed = free_port()
    good, bad = Address("127.0.0.1", open_port), Address("127.0.0.1", closed)

    found = [await find_members_reachable("members", some, "mend it", 5.0) for some in ([good], [good, bad], [bad])]

    assert [one.verdict for one in found] == [Verdict.OK, Verdict.WARNING, Verdict.WRONG]
    assert [one.fix for one in found] == ["", "mend it", "mend it"]
