"""`DispatchPlan`: what the planner decided, for a shell to commit."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple


class WaitReason(StrEnum):
    """Why a task is not running; the text is the wire value of `waiting`."""

    NO_NODE_ONLINE = "no_node_online"
    CLASS_NOT_SUPPORTED = "class_not_supported"
    PINNED = "pinned"
    LABEL_MISMATCH = "label_mismatch"
    RESOURCES = "resources"
    NODE_BREAKER = "node_breaker"
    NO_FREE_SLOT = "no_free_slot"
    TENANT_SHARE = "tenant_share"
    TENANT_LIMIT = "tenant_limit"
    KEY_LIMIT = "key_limit"
    NOT_BEFORE = "not_before"
    DEPENDENCY = "dependency"
    STILL_STOPPING = "still_stopping"
    PAUSED = "paused"
    DISPATCH_PAUSED = "dispatch_paused"
    INVALID = "invalid"


class Assign(NamedTuple):
    """Give the task, whose attempt was read as `attempt` and which waits in `lane`, to this session of this node."""

    task_id: str
    attempt: int
    node_id: str
    session: int
    lane: int
    rank: int = 0


class Preempt(NamedTuple):
    """Drain this run of a preemptible task, so that `for_task` can have its place."""

    task_id: str
    attempt: int
    node_id: str
    for_task: str


@dataclass(frozen=True, slots=True)
class Rejection:
    """Why the tasks of a lane stay where they are.

    `permanent` tells "never without a change of the fleet" from "not now". `counts` says how many nodes failed each
    filter, so that people see how close it was. `detail` is the text of an error where the reason is `invalid`.
    """

    reason: WaitReason
    permanent: bool
    counts: Mapping[WaitReason, int] = field(default_factory=dict)
    detail: str = ""


@dataclass(frozen=True, slots=True)
class DispatchPlan:
    """Assignments in order of dispatch and the reason of each lane that could not be served to the end.

    `turns` (node id → number of its latest pick) is the rotation to hand to the next pass. If the plan stopped early
    because tasks that the snapshot did not show might come next, `horizon` is their lane.
    """

    assignments: Sequence[Assign]
    rejections: Mapping[int, Rejection]
    turns: Mapping[str, int]
    horizon: int | None = None
    preemptions: Sequence[Preempt] = ()

    @property
    def complete(self) -> bool:
        """Whether everything the snapshot showed was placed or found no room."""
        return self.horizon is None
