"""Waiting for facts that other processes bring about."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def wait_for(look: Callable[[], T], seconds: float = 20.0, pause: float = 0.01) -> T:
    """Looks until what it sees is true, and returns that; `TimeoutError` with the last sight after `seconds`."""
    deadline = time.monotonic() + seconds
    while not (seen := look()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"not within {seconds} s; last seen: {seen!r}")
        time.sleep(pause)
    return seen
