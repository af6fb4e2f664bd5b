"""Every error Skalds raises, in one tree.

    SkaldsError
    ├── ConfigurationError        a setting cannot be used
    ├── ValidationFailed          input is not acceptable, field by field
    │   └── UnknownDependency
    ├── NotFound                  nothing has this id
    ├── Conflict                  the request does not fit what is there
    │   ├── DuplicateTask
    │   ├── TransitionRefused
    │   └── IdempotencyConflict
    ├── QueueFull                 a tenant has as many waiting tasks as it may have
    ├── StoreError                the store could not do its part
    │   ├── StoreUnavailable
    │   ├── StoreFull
    │   ├── StoreNewer
    │   ├── StoreCorrupt
    │   └── OutcomeUnknown        a write may or may not have happened
    ├── LeaseLost                 another replica holds the duty now
    ├── SessionReplaced           another process uses this node id now
    ├── AlreadyRunning            only one of these may run here
    ├── ControllerUnreachable     no System Controller answered
    └── WorkerLaunchFailed        a run's process could not be started

`code` is stable and goes over the wire. `fields` holds what a caller or a log line may want to know, as plain values.
The docstring of a class is its default message.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import ClassVar, Self

EXIT_FAILED = 1
EXIT_REFUSED = 2
EXIT_ALREADY_RUNNING = 3
"""Exit statuses of a process that ended with an error: starting it again may help, cannot help, is not needed."""

_SHOWN_CHARACTERS = 80


class SkaldsError(Exception):
    """Skalds could not do what was asked."""

    code: ClassVar[str] = "skalds_error"

    def __init__(self, message: str | None = None, /, **fields: object) -> None:
        super().__init__(message or _default_message(type(self)))
        self.fields: Mapping[str, object] = MappingProxyType(fields)

    @property
    def message(self) -> str:
        return str(self)


class ConfigurationError(SkaldsError):
    """A setting cannot be used."""

    code = "configuration_error"

    def __init__(self, setting: str, got: object, expected: str) -> None:
        shown = _shorten(repr(got))
        super().__init__(
            f"{setting} cannot be {shown}: expected {expected}", setting=setting, got=shown, expected=expected
        )


@dataclass(frozen=True, slots=True)
class FieldProblem:
    """One thing that is wrong with one field, in the item with this index when there were several."""

    field: str
    message: str
    index: int | None = None

    def as_dict(self) -> dict[str, object]:
        where = {} if self.index is None else {"index": self.index}
        return {**where, "field": self.field, "message": self.message}

    def __str__(self) -> str:
        where = "" if self.index is None else f"[{self.index}] "
        return f"{where}{self.field}: {self.message}"


class ValidationFailed(SkaldsError):
    """The input is not acceptable."""

    code = "validation_failed"

    def __init__(self, problems: Iterable[FieldProblem]) -> None:
        self.problems = tuple(problems)
        super().__init__(
            "; ".join(str(problem) for problem in self.problems),
            errors=[problem.as_dict() for problem in self.problems],
        )

    @classmethod
    def of(cls, field: str, message: str, index: int | None = None) -> Self:
        return cls([FieldProblem(field, message, index)])


class UnknownDependency(ValidationFailed):
    """A task depends on one that does not exist."""

    code = "unknown_dependency"


class NotFound(SkaldsError):
    """There is nothing with this id."""

    code = "not_found"

    def __init__(self, kind: str, id: str) -> None:  # noqa: A002 - the name users see
        super().__init__(f"There is no {kind} {_shorten(id)!r}", kind=kind, id=id)


class Conflict(SkaldsError):
    """The request does not fit the present state."""

    code = "conflict"


class DuplicateTask(Conflict):
    """A task with this id exists already."""

    code = "duplicate_task"

    def __init__(self, ids: Sequence[str], indexes: Sequence[int] = ()) -> None:
        self.ids = tuple(ids)
        self.indexes = tuple(indexes)
        named = ", ".join(repr(_shorten(id_)) for id_ in self.ids[:3]) + (", …" if len(self.ids) > 3 else "")
        super().__init__(f"Tasks with these ids exist already: {named}", ids=[*self.ids], indexes=[*self.indexes])


class TransitionRefused(Conflict):
    """The task cannot change to this status now."""

    code = "transition_refused"

    def __init__(self, reason: str, *, task: str | None = None) -> None:
        self.reason = reason
        super().__init__(reason, reason=reason, **({} if task is None else {"task": task}))


class IdempotencyConflict(Conflict):
    """This idempotency key belongs to a task with another body."""

    code = "idempotency_conflict"

    def __init__(self, key: str, *, task: str | None = None) -> None:
        super().__init__(
            f"The idempotency key {_shorten(key)!r} belongs to a task with another body",
            key=key,
            **({} if task is None else {"task": task}),
        )


class QueueFull(SkaldsError):
    """The tenant has as many waiting tasks as it may have."""

    code = "queue_full"

    def __init__(self, tenant: str, limit: int) -> None:
        super().__init__(
            f"Tenant {_shorten(tenant)!r} may have {limit} waiting tasks and these would be more",
            tenant=tenant,
            limit=limit,
        )


class StoreError(SkaldsError):
    """The store could not do what was asked."""

    code = "store_error"


class StoreUnavailable(StoreError):
    """The store cannot be reached at the moment."""

    code = "store_unavailable"


class StoreFull(StoreError):
    """The store has no room left for a write."""

    code = "store_full"


class StoreNewer(StoreError):
    """The store was made by a newer version of Skalds."""

    code = "store_newer"

    def __init__(self, found: int, supported: int, file: str | None = None) -> None:
        super().__init__(
            f"{file or 'The store'} has schema {found}, made by a newer version of Skalds; this one knows {supported}. "
            "Upgrade Skalds or use another data directory",
            found=found,
            supported=supported,
            **({} if file is None else {"file": file}),
        )


class StoreCorrupt(StoreError):
    """The store is damaged."""

    code = "store_corrupt"


class OutcomeUnknown(StoreError):
    """A write was sent and not answered; it may have happened."""

    code = "outcome_unknown"


class LeaseLost(SkaldsError):
    """Another replica holds this duty now."""

    code = "lease_lost"

    def __init__(self, duty: str, term: int) -> None:
        self.duty = duty
        self.term = term
        super().__init__(f"Term {term} of the duty {duty!r} has ended", duty=duty, term=term)


class SessionReplaced(SkaldsError):
    """Another process has registered with this node's id."""

    code = "session_replaced"

    def __init__(self, node: str, session: int) -> None:
        self.node = node
        self.session = session
        super().__init__(f"Session {session} of node {node!r} has been replaced", node=node, session=session)


class AlreadyRunning(SkaldsError):
    """Only one of these may run here, and one does."""

    code = "already_running"

    def __init__(self, what: str, pid: int | None = None, address: str | None = None) -> None:
        self.what = what
        self.pid = pid
        self.address = address
        details = [f"process {pid}"] if pid is not None else []
        details += [f"at {address}"] if address else []
        where = f" ({', '.join(details)})" if details else ""
        super().__init__(f"{what} is running already{where}", what=what, pid=pid, address=address)


class ControllerUnreachable(SkaldsError):
    """No System Controller answered."""

    code = "controller_unreachable"

    def __init__(self, url: str, reason: str) -> None:
        self.url = url
        self.reason = reason
        super().__init__(f"The System Controller at {url} cannot be reached: {reason}", url=url, reason=reason)


class WorkerLaunchFailed(SkaldsError):
    """The process of a run could not be started."""

    code = "worker_launch_failed"


def _default_message(error: type[SkaldsError]) -> str:
    first_line = (error.__doc__ or error.__name__).partition("\n")[0]
    return first_line.rstrip(".")


def _shorten(text: str) -> str:
    return text if len(text) <= _SHOWN_CHARACTERS else text[: _SHOWN_CHARACTERS - 1] + "…"


def exit_status(error: SkaldsError) -> int:
    """The exit status with which a process tells whether it is worth starting again."""
    if isinstance(error, AlreadyRunning):
        return EXIT_ALREADY_RUNNING
    return EXIT_FAILED if isinstance(error, _PASSING) else EXIT_REFUSED


_PASSING = (
    QueueFull,
    StoreUnavailable,
    StoreFull,
    OutcomeUnknown,
    LeaseLost,
    ControllerUnreachable,
    WorkerLaunchFailed,
)
