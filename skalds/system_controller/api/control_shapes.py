"""The shapes of answers about tenants, limits, the audit log and plans, as OpenAPI describes them."""

from typing import Any

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel


class _Shape(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)


class TenantResponse(_Shape):
    """A tenant's share and limits (`isSet`: somebody set them), and what it has running and waiting."""

    tenant: str
    weight: float
    max_running: int | None
    max_queued: int | None
    is_set: bool
    running: int
    used_slots: int
    queued: int


class TenantList(_Shape):
    """Tenants by name."""

    items: list[TenantResponse]
    total: int


class LimitResponse(_Shape):
    """How many tasks of a concurrency key may run at once (`isSet`: somebody set it), and how many do."""

    concurrency_key: str
    max: int
    is_set: bool
    running: int


class LimitList(_Shape):
    """Concurrency keys, by key."""

    items: list[LimitResponse]
    total: int


class ReservationResponse(_Shape):
    """Slots of each node with the label that only tasks of `priority` or above may take (`isSet`: somebody set it)."""

    label: str
    slots: int
    priority: int
    is_set: bool


class ReservationList(_Shape):
    """Reservations, by label."""

    items: list[ReservationResponse]
    total: int


class AuditItem(_Shape):
    """One change somebody made, at `at` (ms); `before` and `after` are how its target was and is."""

    number: int
    at: int
    actor: str
    action: str
    target: str
    before: Any
    after: Any


class AuditList(_Shape):
    """Entries, newest first; `before` asks for older ones, null at the end."""

    items: list[AuditItem]
    before: int | None


class PlannedAssignment(_Shape):
    """A task and the node it would go to."""

    task_id: str
    node_id: str
    class_name: str


class PlannedPreemption(_Shape):
    """A run that would be drained for a more urgent task."""

    task_id: str
    node_id: str
    for_task: str


class PlanResponse(_Shape):
    """What the next pass would do. `waiting`: lanes by the reason why they would go on waiting.

    `complete`: everything the plan looked at was placed or found no room; if not, a pass would go on from there.
    `paused`: nothing of this happens before dispatching goes on.
    """

    strategy: str
    assigned: int
    assignments: list[PlannedAssignment]
    per_node: dict[str, int]
    waiting: dict[str, int]
    preemptions: list[PlannedPreemption]
    complete: bool
    paused: bool


class PassResponse(_Shape):
    """A pass to take home: `python -m skalds.testing.replay` makes the same plan of it."""

    version: int
    strategy: str
    seed: int
    snapshot: dict[str, Any]
    plan: dict[str, Any]


class PassReportResponse(_Shape):
    """What a pass did: when (ms), for how long, tasks given away, and lanes left waiting by reason."""

    at: int
    duration_ms: float
    assigned: int
    waiting_lanes: dict[str, int]
