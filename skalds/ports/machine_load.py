"""How busy the machine of a node is."""

from typing import Protocol


class MachineLoad(Protocol):
    """A cheap look at the machine, taken with every beat."""

    def sample(self) -> float | None:
        """The larger of CPU and memory in use since the last look, from 0 to 1, or None; never waits, never raises."""
        ...
