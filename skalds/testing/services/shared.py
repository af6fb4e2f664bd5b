"""Servers that several processes share."""

import fcntl
import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from skalds.testing.services.carrier import Carrier, Elsewhere
from skalds.testing.services.container import Container
from skalds.testing.services.kind import Kind, Service
from skalds.testing.services.local_process import LocalProcess
from skalds.testing.services.place import Place
from skalds.testing.services.server import Endpoint
from skalds.testing.services.unavailable import Unavailable

S = TypeVar("S", bound=Service)

_PLAIN_FIELDS = ("host", "port", "given_uri", "inner_port", "proxy_port", "stands_in_because")
_CARRIERS: dict[str, Callable[[str], Carrier]] = {
    "process": lambda folder: LocalProcess(Path(folder)),
    "container": lambda folder: Container(Path(folder)),
    "elsewhere": Elsewhere,
}


class SharedServices:
    """One set of servers for all processes that look into one folder: whoever needs a server first starts it."""

    def __init__(self, place: Place) -> None:
        self._place = place

    def get(self, kind: Kind[S]) -> S:
        """The running server of this kind; `Unavailable` for everybody if the first one could not have it."""
        name = kind.name.replace(" ", "-").lower()
        record, reason = (self._place.folder / f"{name}.{ending}" for ending in ("json", "missing"))
        with self._locked(name):
            if reason.exists():
                raise Unavailable(reason.read_text())
            if record.exists() and (known := kind.build(_endpoints(record))).is_running:
                return known
            try:
                found = self._start(kind, self._place.below(name))
            except Unavailable as error:
                reason.write_text(str(error))
                raise
            _write(record, found)
            return found

    def missing(self) -> tuple[str, ...]:
        """What could not be had, or only as an imitation, and why: one line each."""
        reasons = [path.read_text() for path in sorted(self._place.folder.glob("*.missing"))]
        known = [each for path in sorted(self._place.folder.glob("*.json")) for each in _endpoints(path)]
        return (*reasons, *(f"{e.stands_in_because}; an imitation stands in" for e in known if e.stands_in_because))

    def forget_missing(self) -> None:
        """Has the next who needs them look again for servers that could not be had."""
        for path in self._place.folder.glob("*.missing"):
            path.unlink(missing_ok=True)

    def discard(self) -> None:
        """Ends every server and removes all that was kept of them."""
        discard_all(self._place.folder)

    def _start(self, kind: Kind[S], place: Place) -> S:
        discard_all(place.folder)
        try:
            return kind.find(place)
        except BaseException:
            discard_all(place.folder)
            raise

    @contextmanager
    def _locked(self, name: str) -> Iterator[None]:
        self._place.folder.mkdir(parents=True, exist_ok=True)
        with (self._place.folder / f"{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def discard_all(folder: Path) -> None:
    """Ends every server whose folder is below this one, also those of a start that was broken off."""
    # Listed before anything is removed; `os.walk` also bears with a server that removes files of its own meanwhile.
    found = [(Path(parent), names) for parent, _, names in os.walk(folder)]
    for parent, names in found:
        if "container.json" in names:
            Container(parent).discard()
    for parent, names in found:
        if "process.json" in names:
            LocalProcess(parent).discard()
    shutil.rmtree(folder, ignore_errors=True)


def _write(record: Path, service: Service) -> None:
    described = [
        {**{field: getattr(each, field) for field in _PLAIN_FIELDS}, "carrier": each.carrier.address}
        for each in service.endpoints
    ]
    unfinished = record.with_suffix(".new")
    unfinished.write_text(json.dumps(described))
    unfinished.rename(record)


def _endpoints(record: Path) -> list[Endpoint]:
    return [_endpoint(**described) for described in json.loads(record.read_text())]


def _endpoint(carrier: str, **fields: Any) -> Endpoint:
    kind, _, rest = carrier.partition(":")
    return Endpoint(carrier=_CARRIERS[kind](rest), **fields)
