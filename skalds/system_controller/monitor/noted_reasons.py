"""The reason of each lane as the store has it, and what a plan changes of that.

Most lanes are told what all of their shape, tenant or concurrency key are told. As long as that stays the same, a plan
costs only the lanes that it served or passed over, and those in which something changed.
"""

from collections import Counter
from collections.abc import Iterable, Mapping

from skalds.model.plan import CommonReasons, DispatchPlan, WaitReason

_NOTHING = CommonReasons({}, frozenset(), frozenset())
_WANT_OF_ROOM = frozenset({WaitReason.NO_FREE_SLOT, WaitReason.RESOURCES, WaitReason.NODE_BREAKER})


class NotedReasons:
    """Follows plan after plan; `changes` says what is to be written, `note` that it was."""

    def __init__(self) -> None:
        self.counts: Counter[WaitReason] = Counter()
        """How many lanes have each reason."""
        self._reasons: dict[int, WaitReason] = {}
        self._common = _NOTHING
        self._doubted: set[int] = set()
        self._passed_over: set[int] = set()

    def start_over(self, reasons: Mapping[int, WaitReason | None]) -> None:
        """These are in the store, for all lanes in which something waits; a plan may change any of them."""
        self._reasons = {lane: reason for lane, reason in reasons.items() if reason is not None}
        self.counts = Counter(self._reasons.values())
        self._common = _NOTHING
        self._doubted = set(reasons)
        self._passed_over = set()

    def doubt(self, lanes: Iterable[int]) -> None:
        """Something changed in these lanes."""
        self._doubted.update(lanes)

    def changes(self, plan: DispatchPlan) -> Mapping[int, WaitReason | None]:
        """What `plan` says that the store does not; lanes that the plan did not come to keep what they have.

        Costs by the lanes that were doubted or passed over, unless what all are told in common has changed.
        """
        told = plan.rejections
        if not plan.complete and not any(told.common):
            return {}  # it ended early, and nobody had to stand aside
        doubted, self._doubted = self._doubted, set()
        looked_at = {*doubted, *told.may_differ(self._common), *(self._passed_over if plan.assignments else ())}
        self._common = told.common
        changes: dict[int, WaitReason | None] = {}
        for lane in looked_at:
            rejection, noted = told.of(lane), self._reasons.get(lane)
            reason = rejection.reason if rejection is not None else None
            if reason is None and not plan.complete:
                self._doubted.add(lane)
            elif lane in doubted or not _says_less(plan, reason, noted):
                self._remember(lane, reason)
                if reason is not noted:
                    changes[lane] = reason
        return changes

    def _remember(self, lane: int, reason: WaitReason | None) -> None:
        """Keeps in mind whether a lane was told something apart, which the next plan need not repeat."""
        self._passed_over.discard(lane)
        if reason is WaitReason.TENANT_SHARE:
            self._passed_over.add(lane)
        elif reason is WaitReason.INVALID:
            self._doubted.add(lane)

    def note(self, changes: Mapping[int, WaitReason | None]) -> None:
        """The store has these now."""
        for lane, reason in changes.items():
            before = self._reasons.pop(lane, None)
            if before is not None:
                self.counts[before] -= 1
            if reason is not None:
                self._reasons[lane] = reason
                self.counts[reason] += 1


def _says_less(plan: DispatchPlan, reason: WaitReason | None, noted: WaitReason | None) -> bool:
    """Whether the lane had been passed over, and this plan found no room for anybody, so that nobody had a turn.

    Each pass over a full fleet would else take back what the one before had told.
    """
    return noted is WaitReason.TENANT_SHARE and reason in _WANT_OF_ROOM and not plan.assignments
