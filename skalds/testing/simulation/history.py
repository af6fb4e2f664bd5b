"""What happened in a simulation: every version of every row, every run, fault, lease and promise, with its moment."""

import hashlib
from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeVar

from skalds.model.lease import LeaseRow
from skalds.model.run_change import Change
from skalds.model.task import Task
from skalds.ports.worker_launcher import RunKey


class Author(NamedTuple):
    """Which process asked for a write and when, in which role (`controller`, `node`, `client`), by which call."""

    process: str
    role: str
    call: str
    asked_at: float
    lease: LeaseRow | None = None


class Version(NamedTuple):
    """A committed version of a row, with the leases that stood at that moment."""

    before: Task | None
    after: Task
    author: Author
    leases: dict[str, LeaseRow]

    def __str__(self) -> str:
        task = self.after
        final = " final" if task.final else ""
        slot = f" on {task.executor}" if task.holds_slot else ""
        counts = f"failures={task.failures} losses={task.losses} refusals={task.refusals}"
        return (
            f"{task.id} rev {task.rev}: {task.lifecycle_status}{final} attempt {task.attempt}{slot}, {counts} "
            f"by {self.author.process} {self.author.call}"
        )


class Refused(NamedTuple):
    """A conditional write that found another revision and changed nothing."""

    change: Change
    author: Author

    def __str__(self) -> str:
        return f"{self.change.before.id} rev {self.change.after.rev} refused to {self.author.process}"


class StaleBatch(NamedTuple):
    """A batch under a lease that is no longer the stored one was let through, whether or not it changed anything."""

    author: Author

    def __str__(self) -> str:
        return f"{self.author.call} of {self.author.process} was let through under {self.author.lease}"


class LeaseMoved(NamedTuple):
    """A lease changed its holder or term; the row had not been written since `unchanged_since`."""

    before: LeaseRow | None
    after: LeaseRow
    unchanged_since: float
    author: Author

    def __str__(self) -> str:
        return f"lease {self.after.duty}: {self.after.holder or 'nobody'}, term {self.after.term}"


class SessionOpened(NamedTuple):
    """A node registered."""

    node: str
    session: int
    author: Author

    def __str__(self) -> str:
        return f"session {self.session} of {self.node} opened by {self.author.process}"


class SessionLeaving(NamedTuple):
    """From now on nothing may be given to this session."""

    session: int

    def __str__(self) -> str:
        return f"session {self.session} takes nothing more"


class SettingChanged(NamedTuple):
    """A setting has this text from now on; None: it was removed."""

    name: str
    text: str | None
    author: Author

    def __str__(self) -> str:
        return f"setting {self.name}: {self.text} by {self.author.process}"


class SessionClosed(NamedTuple):
    """A session was closed; `beats` are the moments of its opening and its beats, `exited`: its process was gone."""

    node: str
    session: int
    beats: Sequence[float]
    exited: bool
    author: Author

    def __str__(self) -> str:
        return f"session {self.session} of {self.node} closed by {self.author.process}"


class Entered(NamedTuple):
    """A process entered user code."""

    key: RunKey
    process: str
    node: str
    slots: int
    capacity: int
    dies_within: float
    """How long it takes to die at most once it is asked to stop; infinite if it does not obey."""

    def __str__(self) -> str:
        return f"{self.key.task_id} attempt {self.key.attempt} enters user code on {self.process}"


class Updated(NamedTuple):
    """A live process was handed new attachments."""

    key: RunKey
    attachments: object

    def __str__(self) -> str:
        return f"{self.key.task_id} attempt {self.key.attempt} is handed {self.attachments}"


class Died(NamedTuple):
    """The process of a run is gone."""

    key: RunKey
    process: str
    entered: bool

    def __str__(self) -> str:
        return f"{self.key.task_id} attempt {self.key.attempt} is gone from {self.process}"


class Promised(NamedTuple):
    """The client got an answer: `what` (submit, cancel, …) was done, and this is the task as the answer showed it."""

    what: str
    task: Task

    def __str__(self) -> str:
        return f"client: {self.what} {self.task.id} acknowledged ({self.task.lifecycle_status}, rev {self.task.rev})"


class Asked(NamedTuple):
    """The client sends a request."""

    what: str
    task_id: str

    def __str__(self) -> str:
        return f"client: {self.what} {self.task_id}"


class Noted(NamedTuple):
    """A fault, a phase, or anything else worth reading in a trace."""

    text: str

    def __str__(self) -> str:
        return f"## {self.text}"


class Contact(NamedTuple):
    """A node process got the answer to a reading of its rows or its session, made in the store at `read_at`."""

    process: str
    read_at: float


class Reading(NamedTuple):
    """A process got the settings as they were in the store at `read_at`."""

    process: str
    read_at: float


class Crashed(NamedTuple):
    """An exception that nobody handled: always a defect."""

    text: str

    def __str__(self) -> str:
        return f"!! {self.text}"


Event = (
    Version
    | Refused
    | StaleBatch
    | LeaseMoved
    | SessionOpened
    | SessionClosed
    | SessionLeaving
    | SettingChanged
    | Entered
    | Updated
    | Died
    | Promised
    | Asked
    | Noted
    | Crashed
)
E = TypeVar("E")


class Probe(NamedTuple):
    """The one clean failure at the end: at `at` the node `victim`, which ran `tasks`, failed in this way."""

    at: float
    how: str
    victim: str
    tasks: Sequence[str]


class History:
    """Everything that happened, in order, with virtual moments (s)."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self.events: list[tuple[float, Event]] = []
        self.calm_since: float | None = None
        """From then on there are no faults but that of the probe."""
        self.hints_arrive = True
        """Whether hints arrive once faults have stopped."""
        self.contacts: list[tuple[float, Contact]] = []
        self.readings: list[tuple[float, Reading]] = []
        self.probe: Probe | None = None
        self.healthy_since: float | None = None
        """From then on everything runs at full rate, until the probe or `clocks_wrong_since`."""
        self.clocks_wrong_since: float | None = None
        """When a wall clock went wrong after faults had stopped; None: never."""
        self.clocks_jumped = False
        """Whether any wall clock was ever wrong."""
        self.stalled = 0
        """Tasks that the watchdogs found overlooked while the cluster was healthy."""
        self.unsettled: list[str] = []
        """Tasks that had not ended when everything should have."""

    def note(self, event: Event) -> None:
        self.events.append((self._now(), event))

    def of(self, kind: type[E]) -> Sequence[tuple[float, E]]:
        """The events of one kind with their moments."""
        return [(at, event) for at, event in self.events if isinstance(event, kind)]

    def versions(self) -> dict[str, list[tuple[float, Version]]]:
        """The versions of each row, by task id."""
        rows: dict[str, list[tuple[float, Version]]] = {}
        for at, version in self.of(Version):
            rows.setdefault(version.after.id, []).append((at, version))
        return rows

    def lines(self) -> Sequence[str]:
        """The trace, one line per event."""
        return [f"{at:10.4f}  {event}" for at, event in self.events]

    def digest(self) -> str:
        """The same text for the same trace."""
        return hashlib.sha256("\n".join(self.lines()).encode()).hexdigest()
