"""The directory in which an embedded system lives."""

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from skalds.errors import ConfigurationError, StoreUnavailable

SETTING = "SKALDS_DATA_DIR"

_NETWORK_FILE_SYSTEMS = frozenset(
    "9p afs beegfs ceph cifs coda davfs fuse.ceph fuse.davfs fuse.gcsfuse fuse.glusterfs fuse.rclone fuse.s3fs "
    "fuse.smbnetfs fuse.sshfs gfs2 glusterfs lustre ncpfs nfs nfs4 ocfs2 orangefs smb smb2 smb3 smbfs".split()
)


@dataclass(frozen=True, slots=True)
class DataDirectory:
    """Where everything is; nobody but the owner can enter."""

    root: Path

    @property
    def database(self) -> Path:
        return self.root / "skalds.db"

    @property
    def sockets(self) -> Path:
        return self.root / "sockets"

    @property
    def locks(self) -> Path:
        return self.root / "locks"

    @property
    def controller_lock(self) -> Path:
        return self.root / "controller.lock"

    @property
    def unclean(self) -> Path:
        """Exists while a controller runs, and after one that was killed."""
        return self.root / "unclean"

    @classmethod
    def create(cls, path: Path) -> Self:
        """Makes the directory with all that must be in it, or says what is wrong with `path`."""
        directory = cls(Path(os.path.abspath(path)))  # noqa: PTH100 - resolve() would follow links that users set
        try:
            for folder in (directory.root, directory.sockets, directory.locks):
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            if not directory.database.exists():
                directory.database.touch(mode=0o600)
        except OSError as error:
            raise ConfigurationError(SETTING, str(path), f"a directory we can write to ({error})") from error
        refuse_network(directory.root)
        return directory

    @classmethod
    def existing(cls, path: Path) -> Self:
        """The directory that a controller made, or `StoreUnavailable` while there is none."""
        directory = cls(Path(os.path.abspath(path)))  # noqa: PTH100 - as above
        if not directory.database.exists():
            raise StoreUnavailable(
                f"{directory.root} holds no Skalds data yet. Start a controller on it, or set {SETTING}",
                file=str(directory.database),
            )
        refuse_network(directory.root)
        return directory


def refuse_network(path: Path) -> None:
    """SQLite's log needs shared memory and locks that network file systems do not give."""
    mounts = Path("/proc/self/mounts")
    if not sys.platform.startswith("linux") or not mounts.exists():
        return
    kind = file_system(path.resolve(), mounts.read_text(errors="replace"))
    if kind in _NETWORK_FILE_SYSTEMS:
        raise ConfigurationError(SETTING, str(path), f"a directory on a local disk, this one is on {kind}")


def file_system(path: Path, mounts: str) -> str | None:
    """The type of the file system that holds `path`, by the text of `/proc/mounts`."""
    best: tuple[int, str | None] = (-1, None)
    for line in mounts.splitlines():
        _, point, kind, *_ = line.split(" ")
        mounted = Path(point.replace("\\040", " ").replace("\\011", "\t"))
        depth = len(mounted.parts)
        # The later line hides an earlier one on the same point.
        if path.is_relative_to(mounted) and depth >= best[0]:
            best = (depth, kind)
    return best[1]
