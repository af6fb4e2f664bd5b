"""Answers that cost by tasks: worked out once for all who want them, and kept for a moment when they cost much."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, NamedTuple, TypeVar

T = TypeVar("T")

MANY = 50_000
"""From so many counted tasks on an answer is kept: below, counting takes a few ms and every answer is a new one."""

_KEPT_SECONDS = 2.0
_KEPT_TIMES = 5
"""An answer is kept so long, or so many times as long as it took: counting must not be what keeps a store busy."""


class Counted(NamedTuple, Generic[T]):
    """An answer and how many tasks were looked at for it."""

    answer: T
    tasks: int


class KeptAnswer(Generic[T]):
    """The latest answer to one question, as long as it may be told."""

    def __init__(self, ask: Callable[[], Awaitable[Counted[T]]]) -> None:
        self._ask = ask
        self._turn = asyncio.Lock()
        self._kept: T | None = None
        self._until = 0.0

    async def get(self) -> T:
        """A new answer if there are few tasks, else perhaps a kept one."""
        async with self._turn:
            if self._kept is not None and _now() < self._until:
                return self._kept
            began = _now()
            answer, tasks = await self._ask()
            self._kept = answer if tasks >= MANY else None
            self._until = _now() + max(_KEPT_SECONDS, _KEPT_TIMES * (_now() - began))
            return answer


def _now() -> float:
    return asyncio.get_running_loop().time()
