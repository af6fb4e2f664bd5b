"""The latest versions that the stream told of, by position."""

from collections.abc import Sequence

_MOST_KEPT = 200_000


class VersionBuffer:
    """Positions count 1, 2, …; what is forgotten keeps its number, and after a tear some numbers stand for nothing.

    Texts are kept as they come: most are read once, many never.
    """

    def __init__(self) -> None:
        self._texts: list[str] = []
        self._forgotten = 0

    @property
    def position(self) -> int:
        """Position of the latest version."""
        return self._forgotten + len(self._texts)

    def add(self, text: str) -> None:
        """One version more; where nobody trims, the older half goes before the memory does."""
        self._texts.append(text)
        if len(self._texts) > _MOST_KEPT:
            self.trim(_MOST_KEPT // 2)

    def after(self, position: int, limit: int) -> Sequence[str] | None:
        """The next `limit` versions after `position`, None if some of them are forgotten or it is not of this feed."""
        if not self._forgotten <= position <= self.position:
            return None
        start = position - self._forgotten
        return self._texts[start : start + limit]

    def trim(self, keep: int) -> None:
        """Forgets all but the latest `keep`."""
        surplus = len(self._texts) - keep
        if surplus > 0:
            del self._texts[:surplus]
            self._forgotten += surplus

    def tear(self) -> None:
        """Versions may be missing from here on: no position that anybody knows is one any more."""
        self._forgotten = self.position + 1
        self._texts.clear()
