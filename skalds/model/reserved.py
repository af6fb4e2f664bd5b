"""`Reserved`: slots that only urgent tasks may take."""

from typing import NamedTuple


class Reserved(NamedTuple):
    """Slots of a node that only tasks of this priority or above may take."""

    slots: int = 0
    priority: int = 0


NOTHING_RESERVED = Reserved()
