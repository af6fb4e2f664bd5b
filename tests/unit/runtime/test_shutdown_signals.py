"""The first signal asks for the end, the next ones insist."""

import asyncio
import os
import signal

import pytest

from skalds.runtime.shutdown_signals import listen_for_shutdown


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_first_signal_requests_shutdown_and_says_which_it_was(number: signal.Signals) -> None:
    with listen_for_shutdown() as shutdown:
        os.kill(os.getpid(), number)

        assert await shutdown.wait() is number


async def test_every_signal_after_the_first_insists() -> None:
    insisted: asyncio.Queue[signal.Signals] = asyncio.Queue()
    with listen_for_shutdown(insisted.put_nowait) as shutdown:
        os.kill(os.getpid(), signal.SIGTERM)
        await shutdown.wait()
        os.kill(os.getpid(), signal.SIGINT)

        assert await insisted.get() is signal.SIGINT
        assert shutdown.received is signal.SIGTERM


async def test_request_from_within_counts_as_the_first() -> None:
    insisted: asyncio.Queue[signal.Signals] = asyncio.Queue()
    with listen_for_shutdown(insisted.put_nowait) as shutdown:
        shutdown.request()
        os.kill(os.getpid(), signal.SIGINT)

        assert await insisted.get() is signal.SIGINT
        assert shutdown.received is None


async def test_earlier_handlers_are_put_back() -> None:
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]

    with listen_for_shutdown():
        pass

    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == before
