"""A tap on the controller's shoulder."""

from typing import Protocol


class Wakeup(Protocol):
    """Tells the controller that the store changed; what changed is read there. Taps may be lost and are merged."""

    def notify(self) -> None:
        """Taps once; never blocks, never raises, may be called from the event loop of any process of the system."""
        ...

    async def wait(self) -> None:
        """Returns when there was a tap since the last return; only the controller waits, one caller at a time."""
        ...
