"""`DispatchPlan`: what the planner decided, for a shell to commit."""

from abc import abstractmethod
from collections.abc import Collection, Mapping, Sequence
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


class CommonReasons(NamedTuple):
    """What most lanes are told, once for all that look alike.

    `shapes`: the reason of each shape without room, and whether no node could take its tasks at all. If some could, the
    limits come first: `tenants` and concurrency `keys` are those at their limit.
    """

    shapes: Mapping[str, tuple[WaitReason, bool]]
    tenants: frozenset[str]
    keys: frozenset[str]


class Rejections(Mapping[int, Rejection]):
    """The reason of each lane that could not be served to the end, worked out when somebody asks for it."""

    @abstractmethod
    def of(self, lane_id: int) -> Rejection | None:
        """The reason of a lane, or None if it has none; cheaper than `get`."""

    @property
    @abstractmethod
    def common(self) -> CommonReasons:
        """What lanes are told unless they are told something apart."""

    @abstractmethod
    def may_differ(self, before: CommonReasons) -> Collection[int]:
        """The lanes that may be told something else than `before` says in common.

        Costs by the lanes it names, unless what lanes are told in common is something else too.
        """


@dataclass(frozen=True, slots=True)
class DispatchPlan:
    """Assignments in order of dispatch and the reason of each lane that could not be served to the end.

    `turns` (node id → number of its latest pick) is the rotation to hand to the next pass. If the plan stopped early
    because tasks that the snapshot did not show might come next, `horizon` is their lane; `is_cut` if it stopped
    because it had placed as many as it was asked for.
    """

    assignments: Sequence[Assign]
    rejections: Rejections
    turns: Mapping[str, int]
    horizon: int | None = None
    preemptions: Sequence[Preempt] = ()
    is_cut: bool = False

    @property
    def complete(self) -> bool:
        """Whether everything the snapshot showed was placed or found no room."""
        return self.horizon is None and not self.is_cut
