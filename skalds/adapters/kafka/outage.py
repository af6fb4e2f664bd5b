"""Tells once that the brokers are away and once that they are back."""

import time

from loguru import logger

_LASTING_SECONDS = 1.0


class Outage:
    """Whether one side of the bus is cut off; used by one thread. What is over within a second is not told."""

    def __init__(self, part: str, address: str) -> None:
        self._part = part
        self._address = address
        self._since: float | None = None
        self._reason = ""
        self._is_told = False

    @property
    def is_on(self) -> bool:
        return self._since is not None

    def begin(self, reason: object) -> None:
        """Something does not answer, perhaps again."""
        if self._since is None:
            self._since = time.monotonic()
        self._reason = str(reason)
        self._tell()

    def end(self) -> None:
        """It answers."""
        if self._since is None:
            return
        self._tell()
        if self._is_told:
            seconds = round(time.monotonic() - self._since, 1)
            logger.bind(part=self._part, address=self._address, seconds=seconds).info("bus.back")
        self._since = None
        self._is_told = False

    def _tell(self) -> None:
        if self._since is not None and not self._is_told and time.monotonic() - self._since >= _LASTING_SECONDS:
            self._is_told = True
            logger.bind(part=self._part, address=self._address, reason=self._reason).warning("bus.lost")
