"""The task: what a user asks for, where it stands, and what became of it."""

from enum import StrEnum
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, field_serializer
from pydantic.alias_generators import to_camel

from skalds.model.moment import now_ms
from skalds.model.task_worker_map import TaskWorkerSimpleMap as TaskWorkerSimpleMap
from skalds.model.task_worker_map import TaskWorkerSimpleMapList as TaskWorkerSimpleMapList

RUNS_KEPT = 20
HIGHEST_PRIORITY = 10
"""How many of a task's latest runs stay on record."""


class _ListedEnum(StrEnum):
    @classmethod
    def list(cls) -> list[str]:
        """All values, in order of definition."""
        return [member.value for member in cls]


class ModeEnum(_ListedEnum):
    """Who starts the task: a node from its own file (`Active`), the dispatcher (`Passive`), or one process alone."""

    ACTIVE = "Active"
    PASSIVE = "Passive"
    PASSIVE_PROCESS = "PassiveProcess"


class TaskLifecycleStatus(_ListedEnum):
    """Where a task stands; the allowed moves are the table in `skalds.planning.lifecycle`."""

    CREATED = "Created"
    ASSIGNING = "Assigning"
    RUNNING = "Running"
    PAUSED = "Paused"
    FINISHED = "Finished"
    FAILED = "Failed"
    CANCELLED = "Cancelled"


class FrozenModel(BaseModel):
    """A value of the wire: immutable, camelCase outside, snake_case inside, both accepted."""

    model_config = ConfigDict(
        frozen=True, alias_generator=to_camel, populate_by_name=True, use_enum_values=True, extra="ignore"
    )


class Assignment(FrozenModel):
    """One decision of the dispatcher: this node may start this attempt until `accept_by` (ms).

    `leave_for` asks the node to hand the run back uncounted: the id of the task that is to have its place, or a word
    in angle brackets where an operator drains the node.
    """

    id: str
    skald_id: str
    session: int
    term: int
    assigned_at: int
    accept_by: int
    leave_for: str | None = None


class RunError(FrozenModel):
    """Why a run failed: exception type, message and the tail of its traceback."""

    type: str
    message: str
    traceback: str = ""


class RunRecord(FrozenModel):
    """One run of a task: who ran it, on which GPU devices, when it passed each stage (ms) and how it ended."""

    attempt: int
    node: str
    submitted: int
    assigned: int
    accepted: int | None = None
    running: int | None = None
    finished: int | None = None
    outcome: str | None = None
    usage: dict[str, Any] | None = None
    devices: tuple[str, ...] = ()


class Progress(FrozenModel):
    """How far a run says it is: `fraction` from 0 to 1 and a short text."""

    fraction: float
    message: str = ""


class Task(FrozenModel):
    """A unit of work and everything known about it.

    The first block is the document of Skalds 0.3.8; the rest is ours and optional. Moments are ms since the epoch.
    """

    id: str
    class_name: str
    source: str
    name: str | None = None
    description: str | None = None
    executor: str | None = None
    dependencies: list[str] | None = None
    mode: ModeEnum = ModeEnum.PASSIVE.value  # type: ignore[assignment]
    is_persistent: bool = True
    create_date_time: int = Field(default_factory=now_ms)
    update_date_time: int = Field(default_factory=now_ms)
    deadline_date_time: int | None = None
    lifecycle_status: TaskLifecycleStatus = TaskLifecycleStatus.CREATED.value  # type: ignore[assignment]
    priority: Annotated[int, Field(ge=0, le=HIGHEST_PRIORITY)] = 0
    attachments: Any = None

    # What the submitter may ask for.
    max_attempts: Annotated[int, Field(ge=0)] = 3
    retry_delay_ms: Annotated[int, Field(ge=0)] = 1000
    retry_backoff: Annotated[float, Field(ge=1.0)] = 2.0
    not_before: int | None = None
    timeout_ms: Annotated[int, Field(ge=0)] = 0
    tenant: str = "default"
    slots: Annotated[int, Field(ge=0)] = 1
    resources: dict[str, Any] = Field(default_factory=dict)
    requires: dict[str, str] = Field(default_factory=dict)
    prefers: dict[str, str] = Field(default_factory=dict)
    concurrency_key: str | None = None
    affinity_key: str | None = None
    exclusive: bool = False
    preemptible: bool = False
    idempotency_key: str | None = None

    # Where it stands; written by the controller and the node of the current attempt.
    rev: int = 0
    final: bool = False
    attempt: int = 0
    failures: int = 0
    losses: int = 0
    refusals: int = 0
    requeues: int = 0
    eligible_at: int = 0
    pinned_to: str | None = None
    assignment: Assignment | None = None
    attachments_rev: int = 0
    released_at: int | None = None

    # What its runs reported.
    progress: Progress | None = None
    result: Any = None
    error: RunError | None = None
    checkpoint: Any = None
    usage: dict[str, Any] | None = None
    runs: tuple[RunRecord, ...] = ()

    waiting: str | None = None
    """Why it is not running; computed when the task is read, never stored with it."""

    @field_serializer("attachments")
    def _dump_attachments(self, attachments: Any) -> Any:
        return attachments.model_dump(by_alias=True) if isinstance(attachments, BaseModel) else attachments

    def changed(self, at: int, **changes: Any) -> Self:
        """The next version of this task: `changes` applied, `rev` one higher, `update_date_time` set to `at` (ms)."""
        return self.model_copy(update={**changes, "rev": self.rev + 1, "update_date_time": at})

    @property
    def is_released(self) -> bool:
        """Whether no process of an earlier attempt can be alive, so that a next one may start."""
        return self.attempt == 0 or self.released_at is not None

    @property
    def holds_slot(self) -> bool:
        """Whether a node's capacity is taken: from the assignment until the run's processes are gone."""
        return self.executor is not None and not self.is_released

    @property
    def is_waiting(self) -> bool:
        """Whether the dispatcher may run it once `eligible_at` has come."""
        return (
            self.mode == ModeEnum.PASSIVE.value
            and not self.final
            and self.lifecycle_status in _WAITING_STATUSES
            and self.is_released
        )


_WAITING_STATUSES = frozenset({TaskLifecycleStatus.CREATED.value, TaskLifecycleStatus.FAILED.value})
