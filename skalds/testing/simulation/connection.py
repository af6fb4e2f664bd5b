"""`Connection`: the way of one process's calls to the store and back, where they are late, lost or cut off.

    call ──delay──► store: done, refused, or done untold ──delay──► answer
            └ cut: refused, held until the cut heals, or (deaf) done with the answer held

Requests travel outside their process: one that was sent is carried out even if its sender is frozen or dead by then.
"""

from collections.abc import Callable, Coroutine
from contextvars import Context
from enum import Enum
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from skalds.errors import OutcomeUnknown, SkaldsError, StoreUnavailable
from skalds.model.lease import LeaseRow
from skalds.testing.simulation.history import Author, Contact, Reading
from skalds.testing.simulation.observed_store import NOBODY, ObservedStore
from skalds.testing.simulation.virtual_loop import Process, VirtualLoop
from skalds.testing.simulation.weather import Fate, Weather

if TYPE_CHECKING:
    import asyncio

T = TypeVar("T")

_TELLING = ("runs_of", "registration_of")
"""Calls whose answers tell a node what has become of its runs."""

_WORLD = Context()
"""An empty context: what runs in it belongs to no process."""


def finish(call: Coroutine[Any, Any, T]) -> T:
    """Runs a call of the memory engine at this very moment; none of them ever waits."""
    try:
        call.send(None)
    except StopIteration as end:
        result: T = end.value
        return result
    call.close()
    raise RuntimeError(f"{call!r} waited")


class Cut(Enum):
    """How a process is cut off from the store: calls fail at once, hang, or arrive without their answer."""

    REFUSING = "refusing"
    HANGING = "hanging"
    DEAF = "deaf"


class _Request(NamedTuple):
    call: Coroutine[Any, Any, Any]
    author: Author
    writes: bool
    reply: "asyncio.Future[Any]"
    read_at: float | None = None

    @property
    def broken(self) -> SkaldsError:
        """What the caller sees when the connection breaks before the answer."""
        return OutcomeUnknown() if self.writes else StoreUnavailable()


class Connection:
    """One process's calls, each carried out atomically at its own moment."""

    def __init__(self, process: Process, role: str, store: ObservedStore, weather: Weather, loop: VirtualLoop) -> None:
        self.process = process
        self.weather = weather
        self.cut: Cut | None = None
        self.closed = False
        self._role = role
        self._store = store
        self._loop = loop
        self._held: list[Callable[[], None]] = []

    def read(self, name: str, call: Coroutine[Any, Any, T]) -> "asyncio.Future[T]":
        """Sends a call that changes nothing."""
        return self._send(name, call, writes=False, lease=None)

    def write(self, name: str, call: Coroutine[Any, Any, T], lease: LeaseRow | None = None) -> "asyncio.Future[T]":
        """Sends a call that may change something."""
        return self._send(name, call, writes=True, lease=lease)

    def later(self, what: Callable[..., object], *args: object, delay: float | None = None) -> None:
        """Does something outside any process after a delay, by default one of the weather."""
        seconds = self.weather.delay() if delay is None else delay
        if seconds:
            self._loop.call_later(seconds, what, *args, context=_WORLD)
        else:
            self._loop.call_soon(what, *args, context=_WORLD)

    def heal(self) -> None:
        """Ends the cut; each call that hung arrives now or is broken off."""
        self.cut = None
        held, self._held = self._held, []
        for go_on in held:
            go_on()

    def close(self) -> None:
        """The world ends: nothing is carried out any more, what hangs is broken off."""
        self.closed = True
        self.heal()

    def _send(
        self, name: str, call: Coroutine[Any, Any, T], *, writes: bool, lease: LeaseRow | None
    ) -> "asyncio.Future[T]":
        reply: asyncio.Future[T] = self._loop.create_future()
        author = Author(self.process.name, self._role, name, self._loop.time(), lease)
        self.later(self._arrive, _Request(call, author, writes, reply))
        return reply

    def _arrive(self, request: _Request) -> None:
        if self.closed or self.cut is Cut.REFUSING:
            self._refuse(request, StoreUnavailable())
        elif self.cut is Cut.HANGING:
            self._held.append(lambda: self._arrive_late(request))
        else:
            self._carry_out(request, self.weather.fate(writes=request.writes))

    def _arrive_late(self, request: _Request) -> None:
        if self.weather.rng.random() < 0.5:
            self.later(self._arrive, request)
        else:
            self._refuse(request, request.broken)

    def _carry_out(self, request: _Request, fate: Fate) -> None:
        if fate is Fate.NOT_DONE:
            self._refuse(request, StoreUnavailable())
        elif fate is Fate.NOT_DONE_UNTOLD:
            self._refuse(request, request.broken)
        else:
            result, error = self._run(request)
            if fate is Fate.DONE_UNTOLD:
                result, error = None, request.broken
            self.later(self._answer, request._replace(read_at=self._loop.time()), result, error)

    def _run(self, request: _Request) -> tuple[object, Exception | None]:
        self._store.author = request.author
        try:
            result = finish(request.call)
            self._store.note_batch(request.author)
            return result, None
        except SkaldsError as error:
            return None, error
        finally:
            self._store.author = NOBODY

    def _refuse(self, request: _Request, error: SkaldsError) -> None:
        request.call.close()
        self.later(self._answer, request, None, error)

    def _answer(self, request: _Request, result: object, error: Exception | None) -> None:
        if self.cut is Cut.REFUSING and error is None:
            error = request.broken
        elif self.cut is not None and error is None:
            self._held.append(lambda: self._answer_late(request, result))
            return
        if request.reply.done():
            return
        if error is not None:
            request.reply.set_exception(error)
        else:
            request.reply.set_result(result)
            if request.read_at is not None and request.author.call in _TELLING and not self.process.halted:
                contact = Contact(self.process.name, request.read_at)
                self._store.history.contacts.append((self._loop.time(), contact))
            elif request.read_at is not None and request.author.call == "settings.read":
                reading = Reading(self.process.name, request.read_at)
                self._store.history.readings.append((self._loop.time(), reading))

    def _answer_late(self, request: _Request, result: object) -> None:
        broken = self.weather.rng.random() < 0.5
        self._answer(request, None if broken else result, request.broken if broken else None)
