"""What the next pass would do, without doing it; and a whole pass to take home."""

import asyncio
import random
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from skalds.errors import FieldProblem, ValidationFailed
from skalds.model.plan import DispatchPlan
from skalds.model.snapshot import ClusterSnapshot, NodeView
from skalds.model.snapshot_json import plan_to_json, snapshot_to_json
from skalds.planning.dispatch import plan_dispatch
from skalds.planning.strategies.strategy import Strategy
from skalds.planning.what_if import SupposedNodes, Supposition, suppose
from skalds.ports.dispatch_queue import DispatchQueue
from skalds.system_controller.monitor.dispatcher import Dispatcher
from skalds.system_controller.operations.preview_request import MOST_ASSIGNMENTS, PreviewRequest, WantedNodes

DUMP_VERSION = 1
"""Grows when a dump can no longer be read by what read it before."""

_FEW_HEADS = 32
_WIDENING = 8
_MOST_ROUNDS = 4
_MOST_HEADS = 20_000
"""Heads read in one round, so that a preview does not keep a controller from its work; the lane that ends the plan is
always read as far as it goes."""


class Preview(NamedTuple):
    """A plan that nobody carries out, with the snapshot it was made of."""

    strategy: str
    seed: int
    snapshot: ClusterSnapshot
    plan: DispatchPlan


async def preview_plan(dispatcher: Dispatcher, queue: DispatchQueue, request: PreviewRequest) -> Preview:
    """Plans the present cluster as it would be if what `request` supposes were so, up to some 2,000 tasks.

    `ValidationFailed` if it names a strategy or a node that is not there.
    """
    name = request.strategy or dispatcher.control.policy.strategy
    strategy = _strategy(dispatcher, name)
    snapshot = await dispatcher.snapshot()
    known = {node.id: node for node in snapshot.nodes}
    problems = list(_unknown_nodes(request, known))
    if problems:
        raise ValidationFailed(problems)
    preview = _plan(name, strategy, suppose(snapshot, _supposition(request, known)))
    # A snapshot shows as many heads as the real nodes have room for, and here there may be more room.
    for _ in range(_MOST_ROUNDS):
        horizon = preview.plan.horizon
        if horizon is None or len(preview.plan.assignments) >= MOST_ASSIGNMENTS:
            break
        deeper = await _deeper(queue, preview.snapshot, horizon)
        await asyncio.sleep(0)  # between rounds the loop belongs to the others
        preview = _plan(name, _strategy(dispatcher, name), deeper)
    return preview


async def dump_pass(dispatcher: Dispatcher) -> dict[str, Any]:
    """A fresh pass as a JSON value: `skalds.testing.replay` makes the same plan of it."""
    name = dispatcher.control.policy.strategy
    preview = _plan(name, _strategy(dispatcher, name), await dispatcher.snapshot())
    return {
        "version": DUMP_VERSION,
        "strategy": name,
        "seed": preview.seed,
        "snapshot": snapshot_to_json(preview.snapshot),
        "plan": plan_to_json(preview.plan),
    }


def show_preview(preview: Preview, limit: int) -> dict[str, Any]:
    """The plan as the API shows it, with at most `limit` assignments."""
    plan = preview.plan
    class_names = {lane.id: lane.key.class_name for lane in preview.snapshot.lanes}
    return {
        "strategy": preview.strategy,
        "assigned": len(plan.assignments),
        "assignments": [
            {"taskId": assign.task_id, "nodeId": assign.node_id, "className": class_names[assign.lane]}
            for assign in plan.assignments[:limit]
        ],
        "perNode": dict(sorted(Counter(assign.node_id for assign in plan.assignments).items())),
        "waiting": dict(Counter(rejection.reason.value for rejection in plan.rejections.values())),
        "preemptions": [
            {"taskId": preempt.task_id, "nodeId": preempt.node_id, "forTask": preempt.for_task}
            for preempt in plan.preemptions
        ],
        "complete": plan.complete,
    }


async def _deeper(queue: DispatchQueue, snapshot: ClusterSnapshot, horizon: int) -> ClusterSnapshot:
    """The snapshot with more heads of all lanes that have more; `horizon` came to the end of what it showed."""
    longer = [lane for lane in snapshot.lanes if lane.more]
    share = _MOST_HEADS // max(1, len(longer))
    wanted = {lane.id: min(MOST_ASSIGNMENTS, max(_FEW_HEADS, len(lane.heads) * _WIDENING)) for lane in longer}
    depths = {
        lane.id: depth
        for lane in longer
        if (depth := wanted[lane.id] if lane.id == horizon else min(wanted[lane.id], share)) > len(lane.heads)
    }
    found = await queue.heads(depths)
    lanes = [
        replace(lane, heads=heads, more=len(heads) == depths[lane.id]) if (heads := found.get(lane.id)) else lane
        for lane in snapshot.lanes
    ]
    return replace(snapshot, lanes=lanes)


def _plan(name: str, strategy: Strategy, snapshot: ClusterSnapshot) -> Preview:
    # The time is as good a seed as any, and makes the same question at the same moment have the same answer.
    seed = snapshot.now
    rng = random.Random(seed)  # noqa: S311 - places tasks
    return Preview(name, seed, snapshot, plan_dispatch(snapshot, strategy, rng))


def _strategy(dispatcher: Dispatcher, name: str) -> Strategy:
    try:
        return dispatcher.control.make_strategy(name)
    except KeyError:
        names = ", ".join(dispatcher.control.names)
        raise ValidationFailed.of("strategy", f"there is no strategy {name[:80]!r}; valid are {names}") from None


def _unknown_nodes(request: PreviewRequest, known: Mapping[str, NodeView]) -> Iterator[FieldProblem]:
    named = [(f"nodes.{place}.like", nodes.like) for place, nodes in enumerate(request.nodes) if nodes.like is not None]
    named += [(f"labels.{node_id[:80]}", node_id) for node_id in request.labels]
    named += [(f"without.{place}", node_id) for place, node_id in enumerate(request.without)]
    yield from (FieldProblem(field, f"there is no node {name[:80]!r}") for field, name in named if name not in known)
    taken = set(known)
    for place, nodes in enumerate(request.nodes):
        ids = set(_supposed(nodes, known.get(nodes.like or "")).ids)
        if ids & taken:
            yield FieldProblem(f"nodes.{place}.id", f"there is a node {min(ids & taken)[:80]!r} already")
        taken |= ids


def _supposition(request: PreviewRequest, known: Mapping[str, NodeView]) -> Supposition:
    added = [_supposed(nodes, known.get(nodes.like or "")) for nodes in request.nodes]
    return Supposition(added, request.labels, frozenset(request.without))


def _supposed(nodes: WantedNodes, like: NodeView | None) -> SupposedNodes:
    """The nodes in full: what was left out is that of `like`."""
    model = like or NodeView("", 0, frozenset(), slots=1)
    return SupposedNodes(
        id=nodes.id,
        classes=model.classes if nodes.classes is None else nodes.classes,
        slots=model.slots if nodes.slots is None else nodes.slots,
        count=nodes.count,
        labels=model.labels if nodes.labels is None else nodes.labels,
        resources=model.resources if nodes.resources is None else nodes.resources,
        reserved=model.reserved,
    )
