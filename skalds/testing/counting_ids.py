"""Identifiers that a test can foresee."""

from skalds.ports.ids import Ids


class CountingIds:
    """`Ids` that counts: `t-000001`, `t-000002`, …"""

    def __init__(self, prefix: str = "t") -> None:
        self._prefix = prefix
        self._made = 0

    def new(self) -> str:
        self._made += 1
        return f"{self._prefix}-{self._made:06}"


_: type[Ids] = CountingIds
