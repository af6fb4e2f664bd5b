"""Why a task waits, node by node, and the smallest change that would start it.

    filters   a node that fails one never takes the task; if all do, that is the reason
    limits    tenant, concurrency key: hold the task back even where there is room
    room      what the nodes that pass every filter lack now

The reason is the one that `plan_dispatch` would give if nobody else waited. Nodes are told closest first: those that
only lack room, then those with the fewest things in the way. The smallest change is that of the first node, and makes
all the changes it names together start the task. A change that a command of `skalds` makes ends with that command.
"""

import shlex
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from skalds.model.lane import LaneKey
from skalds.model.plan import WaitReason
from skalds.model.resources import RESOURCE_NAMES, Resources, amount_text
from skalds.model.snapshot import ClusterSnapshot, KeyView, NodeView, TenantView
from skalds.planning.filters import DISPATCHED_MODE, FILTERS, open_slots, refusals, rejection

MOST_NODES = 50
"""How many nodes an explanation tells of."""

_CLOSENESS = {reason: place for place, (reason, _) in enumerate(FILTERS)}


class NodeVerdict(NamedTuple):
    """What keeps one node from taking the task now; nothing if it could. `changes` are words, one for each reason.

    `state` says why a node takes no new work at all, such as `cordoned`; empty for one that does.
    """

    node_id: str
    reasons: Sequence[WaitReason]
    changes: Sequence[str]
    state: str = ""


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why the tasks of a lane do not start; `reason` None: the next pass can place one.

    `permanent` tells "never without a change" from "not now", `counts` says how many nodes failed each filter first,
    or lack what. `nodes` are closest first; `change` is the smallest change that would start the task, or empty.
    `kept_for`: there are slots free, and they are kept for tasks of this priority or above; None: there are none.
    """

    reason: WaitReason | None
    permanent: bool
    counts: Mapping[WaitReason, int]
    nodes: Sequence[NodeVerdict]
    change: str
    kept_for: int | None = None


class _Finding(NamedTuple):
    """The filters that a node fails, and what it lacks beside."""

    view: NodeView
    failed: Sequence[WaitReason]
    missing: Sequence[WaitReason]

    @property
    def reasons(self) -> Sequence[WaitReason]:
        return [*self.failed, *self.missing]


def explain_lane(snapshot: ClusterSnapshot, key: LaneKey, most_nodes: int = MOST_NODES) -> Explanation:
    """Tries every node and the limits for a task of `key`, without regard to who else waits."""
    findings = sorted((_find(view, key) for view in snapshot.nodes), key=_distance)
    refused = Counter(one.failed[0] for one in findings if one.failed)
    passing = [one for one in findings if not one.failed]
    full = Counter(one.missing[0] for one in passing if one.missing)
    counts = {reason: refused[reason] + full[reason] for reason, _ in FILTERS if reason in refused or reason in full}
    verdicts = [_verdict(one, key) for one in findings[:most_nodes]]
    limit = _limit(snapshot, key) if passing else None
    if limit is not None:
        return Explanation(limit[0], False, counts, verdicts, limit[1])
    if any(not one.missing for one in passing):
        return Explanation(None, False, counts, verdicts, "")
    found = rejection(refused, full)
    kept_for = None if found.permanent else min(_kept_for(passing, key), default=None)
    return Explanation(found.reason, found.permanent, counts, verdicts, _smallest(verdicts, key), kept_for)


def _find(view: NodeView, key: LaneKey) -> _Finding:
    failed = refusals(view, key)
    return _Finding(view, failed, [reason for reason in _missing_room(view, key) if reason not in failed])


def _verdict(found: _Finding, key: LaneKey) -> NodeVerdict:
    changes = [
        words[reason](found.view, key)
        for words, reasons in ((_CHANGES, found.failed), (_ROOM, found.missing))
        for reason in reasons
    ]
    return NodeVerdict(found.view.id, found.reasons, changes, _state(found.view))


def _kept_for(passing: Sequence[_Finding], key: LaneKey) -> Iterator[int]:
    """The priority from which on the task would find enough free slots, for each node where it is only that."""
    for view, _, missing in passing:
        enough = view.used_slots + key.slots <= view.slots
        if missing == [WaitReason.NO_FREE_SLOT] and enough and _kept(view, key):
            yield view.reserved.priority


def _state(view: NodeView) -> str:
    words = (
        (not view.online, "offline"),
        (view.mode != DISPATCHED_MODE, f"mode {view.mode}"),
        (view.draining, "stopping"),
        (view.cordoned, "cordoned"),
    )
    return ", ".join(word for is_so, word in words if is_so)


def _missing_room(view: NodeView, key: LaneKey) -> Sequence[WaitReason]:
    """What is in use on the node and would be needed, whatever the filters say."""
    slots = view.slots and view.used_slots + key.slots > open_slots(view, key.priority)
    resources = any(key.resources) and not view.used_resources.plus(key.resources).fits_in(view.resources)
    return [reason for reason, short in ((WaitReason.NO_FREE_SLOT, slots), (WaitReason.RESOURCES, resources)) if short]


def _distance(found: _Finding) -> tuple[bool, bool, int, int, str]:
    """Smallest for the node that is closest to taking the task; a pinned task never gets to another node."""
    reasons = found.reasons
    first = _CLOSENESS[reasons[0]] if reasons else 0
    return WaitReason.PINNED in reasons, bool(found.failed), len(reasons), -first, found.view.id


def _limit(snapshot: ClusterSnapshot, key: LaneKey) -> tuple[WaitReason, str] | None:
    tenant = snapshot.tenants.get(key.tenant, TenantView())
    if tenant.max_running is not None and tenant.running >= tenant.max_running:
        return WaitReason.TENANT_LIMIT, (
            f"wait for one of its tasks to end, or raise the limit above {tenant.running}: "
            f"skalds tenant set {shlex.quote(key.tenant)} --max-running {tenant.running + 1}"
        )
    if key.concurrency_key is not None:
        view = snapshot.keys.get(key.concurrency_key, KeyView())
        if view.running >= view.limit:
            return WaitReason.KEY_LIMIT, (
                f"wait for one of its tasks to end, or raise the limit above {view.running}: "
                f"skalds limit set {shlex.quote(key.concurrency_key)} {view.running + 1}"
            )
    return None


def _smallest(verdicts: Sequence[NodeVerdict], key: LaneKey) -> str:
    if not verdicts or WaitReason.PINNED in verdicts[0].reasons:
        which = "a node" if key.pinned_to is None else f"node {key.pinned_to!r}, to which the task is pinned,"
        return f"start {which} with the class {key.class_name!r}"
    return f"node {verdicts[0].node_id!r}: " + "; ".join(verdicts[0].changes)


def _come_back(view: NodeView, key: LaneKey) -> str:
    in_the_way = (
        (not view.online, "bring it back online"),
        (view.draining, "start it again once it has stopped"),
        (view.mode != DISPATCHED_MODE, f"run it in mode {DISPATCHED_MODE} instead of {view.mode}"),
        (view.cordoned, f"uncordon it: skalds node uncordon {shlex.quote(view.id)}"),
    )
    return " and ".join(words for is_so, words in in_the_way if is_so)


def _labels(view: NodeView, key: LaneKey) -> str:
    missing = [f"{name}={value}" for name, value in key.requires if view.labels.get(name) != value]
    command = shlex.join(["skalds", "node", "label", view.id, *missing])
    return f"give it the label{'s' if len(missing) > 1 else ''} {', '.join(missing)}: {command}"


def _resources(view: NodeView, key: LaneKey) -> str:
    return f"let it offer {_amounts(view.used_resources.plus(key.resources), view.resources)}"


def _wider(view: NodeView, key: LaneKey) -> str:
    wanted = view.used_slots + key.slots
    there = _open_slots(view, key)
    kept = view.slots - there
    besides = f"; {kept} of its {view.slots} {'is' if kept == 1 else 'are'} {_for_others(view)}" if kept else ""
    return f"let it have {wanted} slots for tasks of priority {key.priority} ({there} now{besides})"


def _free_slots(view: NodeView, key: LaneKey) -> str:
    free = max(0, _open_slots(view, key) - view.used_slots)
    which = "1 slot is" if key.slots == 1 else f"{key.slots} slots are"
    return f"wait until {which} free there ({free} now{_besides(view, key)}), or give it more"


def _free_resources(view: NodeView, key: LaneKey) -> str:
    free = view.resources.minus(view.used_resources)
    return f"wait until it has {_amounts(key.resources, free)} free, or let it offer more"


def _open_slots(view: NodeView, key: LaneKey) -> int:
    return max(0, open_slots(view, key.priority))


def _kept(view: NodeView, key: LaneKey) -> int:
    """Free slots of the node that are kept from tasks of this priority."""
    return max(0, view.slots - max(view.used_slots, _open_slots(view, key)))


def _besides(view: NodeView, key: LaneKey) -> str:
    kept = _kept(view, key)
    return f"; {kept} free one{'s are' if kept > 1 else ' is'} {_for_others(view)}" if kept else ""


def _for_others(view: NodeView) -> str:
    return f"reserved for priority {view.reserved.priority} and above"


def _amounts(wanted: Resources, there: Resources) -> str:
    """What is asked for and not there, with what is."""
    short = [
        _amount(name, needed, max(0, have))
        for name, needed, have in zip(RESOURCE_NAMES, wanted, there, strict=True)
        if needed > have
    ]
    return " and ".join(short)


def _amount(name: str, needed: int, have: int) -> str:
    unit = 1000 if name == "cpu" else 1
    texts = [amount_text(name, amount / unit) for amount in (needed, have)]
    if texts[0] == texts[1]:
        texts = [str(amount / unit) if name == "cpu" else f"{amount:,} bytes" for amount in (needed, have)]
    return f"{name}={texts[0]} ({texts[1]} now)"


_Change = Callable[[NodeView, LaneKey], str]

_CHANGES: Mapping[WaitReason, _Change] = {
    WaitReason.NO_NODE_ONLINE: _come_back,
    WaitReason.CLASS_NOT_SUPPORTED: lambda view, key: f"register the class {key.class_name!r} there",
    WaitReason.PINNED: lambda view, key: f"nothing helps, the task is pinned to node {key.pinned_to!r}",
    WaitReason.LABEL_MISMATCH: _labels,
    WaitReason.RESOURCES: _resources,
    WaitReason.NO_FREE_SLOT: _wider,
    WaitReason.NODE_BREAKER: lambda view, key: (
        f"mend what makes {key.class_name!r} fail at once there; it is tried again from time to time"
    ),
}

_ROOM: Mapping[WaitReason, _Change] = {
    WaitReason.NO_FREE_SLOT: _free_slots,
    WaitReason.RESOURCES: _free_resources,
}
