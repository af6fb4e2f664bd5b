"""New identifiers."""

from typing import Protocol


class Ids(Protocol):
    """Makes identifiers; the only source of them, so that a simulation can own it."""

    def new(self) -> str:
        """A unique id of at most 40 characters `[0-9a-z-]`; ids of one process sort in the order they were made."""
        ...
