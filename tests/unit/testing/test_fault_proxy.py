"""The fault proxy between plain sockets and an echo server."""

import socket
import socketserver
import threading
import time
from collections.abc import Iterator
from contextlib import closing

import pytest

from skalds.testing.waiting import wait_for
from tests.fault_proxy import Direction, FaultProxy

SECONDS = 5.0
SOON = 0.2


class Echo(socketserver.BaseRequestHandler):
    """Sends everything back, and counts it."""

    def handle(self) -> None:
        request: socket.socket = self.request
        try:
            while data := request.recv(65_536):
                self.server.received += len(data)  # type: ignore[attr-defined]
                request.sendall(data)
        except ConnectionError:
            self.server.broken += 1  # type: ignore[attr-defined]


class EchoServer(socketserver.ThreadingTCPServer):
    daemon_threads = True
    received = 0
    broken = 0

    @property
    def port(self) -> int:
        return int(self.server_address[1])


@pytest.fixture
def echo() -> Iterator[EchoServer]:
    with EchoServer(("127.0.0.1", 0), Echo) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def proxy(echo: EchoServer) -> Iterator[FaultProxy]:
    with FaultProxy(echo.port) as proxy:
        yield proxy


@pytest.fixture
def client(proxy: FaultProxy) -> Iterator[socket.socket]:
    with closing(connect(proxy)) as connection:
        assert ask(connection, b"hello") == b"hello"
        yield connection


def connect(proxy: FaultProxy) -> socket.socket:
    return socket.create_connection((proxy.host, proxy.port), SECONDS)


def connect_and_read(proxy: FaultProxy) -> bytes:
    with closing(connect(proxy)) as connection:
        return connection.recv(1)


def ask(connection: socket.socket, question: bytes) -> bytes:
    connection.sendall(question)
    return receive(connection, len(question))


def receive(connection: socket.socket, count: int) -> bytes:
    answer = b""
    while len(answer) < count and (more := connection.recv(count - len(answer))):
        answer += more
    return answer


def stays_silent(connection: socket.socket) -> bool:
    connection.settimeout(SOON)
    try:
        connection.recv(1)
    except TimeoutError:
        return True
    finally:
        connection.settimeout(SECONDS)
    return False


def test_everything_passes_both_ways(client: socket.socket) -> None:
    much = bytes(range(256)) * 4_000
    threading.Thread(target=client.sendall, args=(much,)).start()

    assert receive(client, len(much)) == much


def test_end_of_one_side_reaches_the_other(client: socket.socket) -> None:
    client.sendall(b"last words")
    client.shutdown(socket.SHUT_WR)

    assert receive(client, 100) == b"last words"


def test_cut_breaks_and_refuses(client: socket.socket, proxy: FaultProxy) -> None:
    proxy.cut()

    with pytest.raises(ConnectionResetError):
        client.recv(1)
    with pytest.raises(ConnectionRefusedError):
        connect(proxy)


def test_cut_is_healed_at_the_same_port(client: socket.socket, proxy: FaultProxy) -> None:
    proxy.cut()
    proxy.heal()

    with closing(connect(proxy)) as again:
        assert ask(again, b"back") == b"back"


def test_stalled_connection_stays_and_goes_on_when_healed(client: socket.socket, proxy: FaultProxy) -> None:
    proxy.stall()
    client.sendall(b"held")
    assert stays_silent(client)

    proxy.heal()

    assert receive(client, 4) == b"held"


def test_stalled_proxy_accepts_and_serves_when_healed(proxy: FaultProxy, echo: EchoServer) -> None:
    proxy.stall()
    with closing(connect(proxy)) as connection:
        connection.sendall(b"early")
        assert stays_silent(connection)
        assert echo.received == 0

        proxy.heal()

        assert receive(connection, 5) == b"early"


def test_lost_answers_do_not_stop_requests(client: socket.socket, proxy: FaultProxy, echo: EchoServer) -> None:
    proxy.lose(Direction.TO_CLIENT)
    client.sendall(b"one way")

    assert wait_for(lambda: echo.received == len(b"hello" + b"one way"))
    assert stays_silent(client)


def test_lost_requests_never_arrive(client: socket.socket, proxy: FaultProxy, echo: EchoServer) -> None:
    proxy.lose(Direction.TO_SERVER)
    client.sendall(b"one way")

    assert stays_silent(client)
    assert echo.received == len(b"hello")


@pytest.mark.parametrize(("directions", "seconds"), [((), 0.4), ((Direction.TO_CLIENT,), 0.2)])
def test_delay_holds_for_each_way(
    client: socket.socket, proxy: FaultProxy, directions: tuple[Direction, ...], seconds: float
) -> None:
    proxy.delay(0.2, *directions)
    before = time.monotonic()

    assert ask(client, b"slow") == b"slow"
    assert time.monotonic() - before >= seconds


def test_delay_makes_nothing_wait_for_what_went_before(client: socket.socket, proxy: FaultProxy) -> None:
    proxy.delay(0.3, Direction.TO_SERVER)
    before = time.monotonic()
    for _ in range(20):
        client.sendall(b"x" * 1_000)

    assert len(receive(client, 20_000)) == 20_000
    assert time.monotonic() - before < 20 * 0.3


def test_reset_reaches_both_sides_and_new_connections_are_welcome(
    client: socket.socket, proxy: FaultProxy, echo: EchoServer
) -> None:
    proxy.reset()

    with pytest.raises(ConnectionResetError):
        client.recv(1)
    assert wait_for(lambda: echo.broken == 1)
    with closing(connect(proxy)) as again:
        assert ask(again, b"again") == b"again"


def test_reset_in_the_middle_of_a_request(client: socket.socket, proxy: FaultProxy, echo: EchoServer) -> None:
    proxy.reset_after(3, Direction.TO_SERVER)
    client.sendall(b"request")

    with pytest.raises(ConnectionResetError):
        receive(client, 100)
    assert wait_for(lambda: echo.received == len(b"hello") + 3)


def test_reset_in_place_of_the_answer_happens_once(client: socket.socket, proxy: FaultProxy, echo: EchoServer) -> None:
    proxy.reset_after(0, Direction.TO_CLIENT)
    client.sendall(b"request")

    with pytest.raises(ConnectionResetError):
        client.recv(100)
    assert echo.received == len(b"hello" + b"request")
    with closing(connect(proxy)) as again:
        assert ask(again, b"again") == b"again"


def test_breaking_a_connection_is_no_fault_of_the_loop(
    client: socket.socket, proxy: FaultProxy, caplog: pytest.LogCaptureFixture
) -> None:
    proxy.reset()
    # Behind whatever the loop still had to say of the connection.
    proxy.heal()

    with pytest.raises(ConnectionResetError):
        client.recv(1)
    assert caplog.records == []


def test_absent_server_breaks_the_connection(echo: EchoServer) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        with FaultProxy(nobody.getsockname()[1]) as proxy, pytest.raises(ConnectionResetError):
            connect_and_read(proxy)


def test_connections_are_counted_and_gone_after_their_end(client: socket.socket, proxy: FaultProxy) -> None:
    assert proxy.connections == 1

    client.close()

    assert wait_for(lambda: proxy.connections == 0)


def test_leaving_closes_the_port_and_ends_the_thread(echo: EchoServer) -> None:
    with FaultProxy(echo.port) as proxy:
        assert f"fault-proxy-{proxy.port}" in {thread.name for thread in threading.enumerate()}

    assert f"fault-proxy-{proxy.port}" not in {thread.name for thread in threading.enumerate()}
    with pytest.raises(ConnectionRefusedError):
        connect(proxy)
