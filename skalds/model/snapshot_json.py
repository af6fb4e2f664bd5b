"""`ClusterSnapshot` and `DispatchPlan` as JSON values, so that a pass can be taken home and planned again.

What a snapshot says in JSON and what is read back from that are equal; sequences come back as tuples.
"""

from collections.abc import Mapping
from typing import Any

from skalds.model.lane import LaneKey
from skalds.model.plan import DispatchPlan
from skalds.model.reserved import Reserved
from skalds.model.resources import Resources
from skalds.model.snapshot import ClusterSnapshot, KeyView, LaneView, NodeView, PreemptibleRun, QueuedTask, TenantView

Json = dict[str, Any]


def snapshot_to_json(snapshot: ClusterSnapshot) -> Json:
    """The snapshot as a JSON value."""
    return {
        "now": snapshot.now,
        "ageingStepMs": snapshot.ageing_step_ms,
        "spreadLabel": snapshot.spread_label,
        "nodes": [_node_to_json(node) for node in snapshot.nodes],
        "lanes": [_lane_to_json(lane) for lane in snapshot.lanes],
        "tenants": {name: _tenant_to_json(view) for name, view in snapshot.tenants.items()},
        "keys": {name: {"limit": view.limit, "running": view.running} for name, view in snapshot.keys.items()},
        "preemptible": [_run_to_json(run) for run in snapshot.preemptible],
    }


def snapshot_from_json(value: Mapping[str, Any]) -> ClusterSnapshot:
    """The snapshot that `snapshot_to_json` wrote; raises `KeyError`, `TypeError` or `ValueError` for anything else."""
    return ClusterSnapshot(
        now=value["now"],
        nodes=tuple(map(_node_from_json, value["nodes"])),
        lanes=tuple(map(_lane_from_json, value["lanes"])),
        tenants={name: _tenant_from_json(view) for name, view in value["tenants"].items()},
        keys={name: KeyView(view["limit"], view["running"]) for name, view in value["keys"].items()},
        preemptible=tuple(map(_run_from_json, value["preemptible"])),
        ageing_step_ms=value["ageingStepMs"],
        spread_label=value["spreadLabel"],
    )


def plan_to_json(plan: DispatchPlan) -> Json:
    """The plan as a JSON value; equal plans, and no others, have equal values."""
    return {
        "assignments": [list(assign) for assign in plan.assignments],
        "rejections": {
            str(lane): {
                "reason": rejection.reason.value,
                "permanent": rejection.permanent,
                "counts": {reason.value: count for reason, count in rejection.counts.items()},
                "detail": rejection.detail,
            }
            for lane, rejection in plan.rejections.items()
        },
        "turns": dict(plan.turns),
        "horizon": plan.horizon,
        "preemptions": [list(preempt) for preempt in plan.preemptions],
    }


def _node_to_json(view: NodeView) -> Json:
    return {
        "id": view.id,
        "session": view.session,
        "classes": sorted(view.classes),
        "slots": view.slots,
        "mode": view.mode,
        "online": view.online,
        "draining": view.draining,
        "cordoned": view.cordoned,
        "labels": dict(view.labels),
        "resources": list(view.resources),
        "reserved": list(view.reserved),
        "tripped": sorted(view.tripped),
        "probing": sorted(view.probing),
        "liveTasks": view.live_tasks,
        "usedSlots": view.used_slots,
        "usedResources": list(view.used_resources),
        "machineLoad": view.machine_load,
        "lastTurn": view.last_turn,
    }


def _node_from_json(value: Json) -> NodeView:
    return NodeView(
        id=value["id"],
        session=value["session"],
        classes=frozenset(value["classes"]),
        slots=value["slots"],
        mode=value["mode"],
        online=value["online"],
        draining=value["draining"],
        cordoned=value["cordoned"],
        labels=dict(value["labels"]),
        resources=Resources(*value["resources"]),
        reserved=Reserved(*value["reserved"]),
        tripped=frozenset(value["tripped"]),
        probing=frozenset(value["probing"]),
        live_tasks=value["liveTasks"],
        used_slots=value["usedSlots"],
        used_resources=Resources(*value["usedResources"]),
        machine_load=value["machineLoad"],
        last_turn=value["lastTurn"],
    )


def _lane_to_json(lane: LaneView) -> Json:
    # The key as the text that every engine keeps; its shape follows from it.
    return {"id": lane.id, "key": lane.key.to_text(), "heads": [list(head) for head in lane.heads], "more": lane.more}


def _lane_from_json(value: Json) -> LaneView:
    heads = tuple(QueuedTask(*head) for head in value["heads"])
    return LaneView(value["id"], LaneKey.from_text(value["key"]), heads, value["more"])


def _tenant_to_json(view: TenantView) -> Json:
    return {
        "weight": view.weight,
        "maxRunning": view.max_running,
        "running": view.running,
        "usedSlots": view.used_slots,
        "lastStart": view.last_start,
    }


def _tenant_from_json(value: Json) -> TenantView:
    return TenantView(value["weight"], value["maxRunning"], value["running"], value["usedSlots"], value["lastStart"])


def _run_to_json(run: PreemptibleRun) -> Json:
    return {
        "taskId": run.task_id,
        "attempt": run.attempt,
        "nodeId": run.node_id,
        "priority": run.priority,
        "slots": run.slots,
        "resources": list(run.resources),
        "leavingFor": run.leaving_for,
    }


def _run_from_json(value: Json) -> PreemptibleRun:
    return PreemptibleRun(
        value["taskId"],
        value["attempt"],
        value["nodeId"],
        value["priority"],
        value["slots"],
        Resources(*value["resources"]),
        value["leavingFor"],
    )
