"""Turns SIGINT and SIGTERM into a request to shut down, and their repetition into impatience."""

import asyncio
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class ShutdownRequest:
    """Set by the first signal; `received` says which one it was."""

    def __init__(self) -> None:
        self.event = asyncio.Event()
        self.received: signal.Signals | None = None

    async def wait(self) -> signal.Signals | None:
        await self.event.wait()
        return self.received

    def request(self, received: signal.Signals | None = None) -> None:
        """Asks for the shutdown, from a signal or from within the process; the first request counts."""
        if not self.event.is_set():
            self.received = received
            self.event.set()


@contextmanager
def listen_for_shutdown(on_repeat: Callable[[signal.Signals], None] | None = None) -> Iterator[ShutdownRequest]:
    """Listens until the block ends and then puts back what was there; needs the loop of the main thread.

    `on_repeat` is called for every signal after the first, typically to stop without grace.
    """
    shutdown = ShutdownRequest()
    loop = asyncio.get_running_loop()

    def receive(received: signal.Signals) -> None:
        if not shutdown.event.is_set():
            shutdown.request(received)
        elif on_repeat is not None:
            on_repeat(received)

    previous = {number: signal.getsignal(number) for number in _SIGNALS}
    try:
        for number in _SIGNALS:
            loop.add_signal_handler(number, receive, number)
        yield shutdown
    finally:
        for number, handler in previous.items():
            loop.remove_signal_handler(number)
            signal.signal(number, handler)
