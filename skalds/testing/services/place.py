"""Where a server of ours keeps its data, and until whose end."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self


@dataclass(frozen=True)
class Place:
    """A folder of a server; when the owner ends, in whatever way, the server is killed and `sweep` removed."""

    folder: Path
    owner: int | None = None
    """Nobody: the server stays until it is stopped."""
    sweep: Path | None = None

    def below(self, name: str) -> Self:
        """The place of one member of a group of servers."""
        return replace(self, folder=self.folder / name)
