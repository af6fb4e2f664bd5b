"""What the driver would print on standard error, as few lines of our log."""

from typing import Any

from loguru import logger

from skalds.adapters.log_sampling import is_told


class DriverLog:
    """Stands where the driver expects a `logging.Logger`; it repeats itself for as long as Kafka is away."""

    def __init__(self, part: str) -> None:
        self._part = part
        self._lines = 0

    def log(self, _level: int, template: str, *values: Any) -> None:
        """Tells the 1st, 2nd, 4th, 8th … line."""
        self._lines += 1
        if is_told(self._lines):
            logger.bind(part=self._part, lines=self._lines, said=template % values).debug("bus.driver_said")
