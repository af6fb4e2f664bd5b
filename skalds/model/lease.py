"""Leases: who may do a duty that only one controller does at a time."""

from enum import StrEnum
from typing import NamedTuple


class Duty(StrEnum):
    """A duty held by at most one controller: deciding placements, or judging nodes and deadlines."""

    DISPATCHER = "dispatcher"
    MONITOR = "monitor"


class LeaseRow(NamedTuple):
    """The stored lease; `renewals` moves at every renewal so that observers can time it by their own clock.

    An empty `holder` means resigned. `expires` (wall ms) is for people; nobody decides by it.
    """

    duty: str
    holder: str
    term: int
    renewals: int
    expires: int
