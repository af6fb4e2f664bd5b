"""Datagrams: any path, any load, nothing raised."""

import asyncio
import socket
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest

from skalds.adapters.sqlite import datagrams, hints
from skalds.adapters.sqlite.datagrams import Receiver, Sent, SocketFolder, node_socket
from skalds.adapters.sqlite.engine import SqliteEngine
from skalds.errors import ConfigurationError
from skalds.model.node import Beat
from skalds.testing import FakeClock


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[SocketFolder]:
    path = tmp_path / ("long" * 30) / ("longer" * 20)
    path.mkdir(parents=True)
    folder = SocketFolder(path)
    yield folder
    folder.close()


async def _until(received: list[bytes], count: int) -> list[bytes]:
    async with asyncio.timeout(5):
        while len(received) < count:  # noqa: ASYNC110 - lets the loop receive
            await asyncio.sleep(0)
    return received


async def test_long_paths_work(folder: SocketFolder) -> None:
    received: list[bytes] = []
    receiver = Receiver(folder, "controller", received.append)
    assert folder.send("controller", b"a") is Sent.YES
    assert await _until(received, 1) == [b"a"]
    receiver.close()


async def test_full_receiver_loses_hints_and_nobody_waits(folder: SocketFolder) -> None:
    received: list[bytes] = []
    receiver = Receiver(folder, "controller", received.append)
    sent = [folder.send("controller", b"%d" % number) for number in range(5_000)]
    assert {Sent.YES, Sent.NO} == set(sent)
    arrived = [number for number, answer in enumerate(sent) if answer is Sent.YES]
    assert await _until(received, len(arrived)) == [b"%d" % number for number in arrived]
    receiver.close()


async def test_absent_receiver_and_closed_folder_raise_nothing(folder: SocketFolder) -> None:
    assert folder.send("controller", b"a") is Sent.NO
    assert folder.send("controller", b"a" * 10_000_000) in (Sent.NO, Sent.TOO_LARGE)
    folder.close()
    assert folder.send("controller", b"a") is Sent.NO
    folder.close()


async def test_dead_socket_of_a_killed_process_is_replaced(folder: SocketFolder) -> None:
    left = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    left.bind(folder.address("controller"))
    left.close()
    assert folder.send("controller", b"a") is Sent.NO
    received: list[bytes] = []
    receiver = Receiver(folder, "controller", received.append)
    assert folder.send("controller", b"b") is Sent.YES
    assert await _until(received, 1) == [b"b"]
    receiver.close()
    receiver.close()
    assert not (folder.path / "controller").exists()


def test_path_too_long_for_a_system_without_proc(folder: SocketFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(datagrams, "_HANDLES", Path("/nowhere"))
    elsewhere = SocketFolder(folder.path)
    with closing(elsewhere), pytest.raises(ConfigurationError, match=r"SKALDS_DATA_DIR.*107"):
        elsewhere.address("controller")


def test_names_of_node_sockets_are_short_and_different() -> None:
    ids = ["a", "A", "../a", "é" * 500, "a/b", "", "controller"]
    names = {node_socket(id_) for id_ in ids}
    assert len(names) == len(ids)
    assert all(len(name) < 50 and "/" not in name for name in names)


@pytest.mark.parametrize(
    "message",
    [b"", b"\x00", b"[]", b"null", b'{"beat": 1}', b'{"beat": ["a", "b", 1, 2, false]}', b'{"topic": "x", "event": {}}',
     b'{"topic": "task.assign", "event": {}}', b'{"topic": "task.assign", "event": {"taskIds": 4}}', b"\xff" * 100],
)  # fmt: skip
async def test_message_that_makes_no_sense_is_ignored(message: bytes, tmp_path: Path) -> None:
    assert hints.beat_from(message) is None
    assert hints.bus_from(message) is None
    engine = await SqliteEngine.open(tmp_path / "data", FakeClock(), ageing_step_ms=1, role="controller")
    folder = SocketFolder(tmp_path / "data" / "sockets")
    folder.send(datagrams.BEATS, message)
    folder.send(datagrams.BEATS, hints.beat_to_bytes(Beat("node-1", 1, 1)))
    folder.send(datagrams.TAPS, hints.TAP)
    async with asyncio.timeout(5):
        await engine.wakeup.wait()
    await asyncio.sleep(0)
    assert [presence.beat.node_id for presence in await engine.directory.presences()] == ["node-1"]
    folder.close()
    await engine.close()


async def test_beats_never_push_out_a_tap(tmp_path: Path) -> None:
    open_engine = partial(SqliteEngine.open, tmp_path / "data", FakeClock(), ageing_step_ms=1)
    engine, node = await open_engine(role="controller"), await open_engine(role="node")
    for number in range(1_000):
        await node.directory.beat(Beat("node-1", 1, number))
    node.wakeup.notify()
    async with asyncio.timeout(5):
        await engine.wakeup.wait()
    await node.close()
    await engine.close()
