"""Routes of the system as a whole."""

from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from skalds import __version__
from skalds.config._enum import SystemControllerModeEnum
from skalds.model.task import TaskLifecycleStatus
from skalds.system_controller.api.dependencies import ApiParts, Parts
from skalds.system_controller.api.json_response import JsonResponse
from skalds.system_controller.operations.read_fleet import NodeOverview, list_nodes
from skalds.system_controller.operations.read_system import FleetCounts, count_fleet, count_tasks, read_health

router = APIRouter(prefix="/api/system", tags=["system"])

_WITH_MONITOR = frozenset({SystemControllerModeEnum.MONITOR, SystemControllerModeEnum.DISPATCHER})


@router.get("/health", response_model=dict[str, Any])
async def health(parts: Parts) -> Response:
    """Whether this controller can work: 200, or 503 while the store does not answer."""
    found = await read_health(parts.engine)
    store = "healthy" if found.store_answers else "unhealthy"
    body = {
        "status": store,
        "timestamp": parts.clock.wall_ms(),
        "services": {"skald_store": store, "task_store": store},
        "dispatcherLeader": found.dispatcher_leader,
    }
    return JsonResponse(body, 200 if found.store_answers else 503)


@router.get("/status", response_model=dict[str, Any])
async def status(parts: Parts) -> Response:
    """Mode, uptime and the parts of this controller."""
    fleet = count_fleet(list_nodes(parts.cluster))
    tasks = await count_tasks(parts.engine)
    return JsonResponse(
        {
            "mode": parts.settings.system_controller_mode.value,
            "components": _components(parts, fleet, tasks),
            "uptime": round(parts.clock.monotonic() - parts.started_at),
            "version": __version__,
        }
    )


def _components(parts: ApiParts, fleet: FleetCounts, tasks: Mapping[str, int]) -> list[dict[str, Any]]:
    settings = parts.settings
    running, failed = (
        tasks.get(status.value, 0) for status in (TaskLifecycleStatus.RUNNING, TaskLifecycleStatus.FAILED)
    )
    stores = [
        _component("SkaldStore", {"totalSkalds": fleet.total, "onlineSkalds": fleet.online}),
        _component("TaskStore", {"monitoredTasks": fleet.tasks, "runningTasks": running, "failedTasks": failed}),
    ]
    if settings.system_controller_mode not in _WITH_MONITOR:
        return stores
    watching = {"running": True, "thread_alive": True}
    monitors = [
        _component(
            "SkaldMonitor", watching | {"interval": settings.monitor_skald_interval, "monitored_skalds": fleet.total}
        ),
        _component(
            "TaskMonitor", watching | {"interval": settings.monitor_task_interval, "monitored_tasks": fleet.tasks}
        ),
    ]
    if parts.dispatcher is not None:
        details = parts.dispatcher.get_status()
        monitors.append(_component("Dispatcher", details, running=details["running"]))
    return monitors + stores


def _component(name: str, details: dict[str, Any], *, running: bool = True) -> dict[str, Any]:
    return {"name": name, "running": running, "details": details}


@router.get("/dashboard/summary", response_model=dict[str, int])
async def summary(parts: Parts) -> Response:
    """Counts of nodes and tasks."""
    fleet = count_fleet(list_nodes(parts.cluster))
    tasks = await count_tasks(parts.engine)
    by_status = {f"{status.value.lower()}Tasks": tasks.get(status.value, 0) for status in TaskLifecycleStatus}
    return JsonResponse(
        {
            "totalSkalds": fleet.total,
            "onlineSkalds": fleet.online,
            "nodeSkalds": fleet.nodes,
            "edgeSkalds": fleet.edges,
            "totalTasks": sum(tasks.values()),
            **by_status,
        }
    )


@router.get("/metrics", response_model=dict[str, Any])
async def metrics(parts: Parts) -> Response:
    """Figures of nodes, tasks and the dispatcher."""
    nodes = list_nodes(parts.cluster)
    fleet = count_fleet(nodes)
    tasks = await count_tasks(parts.engine)
    shown = ("running", "failed", "finished", "cancelled", "assigning", "created", "paused")
    return JsonResponse(
        {
            "timestamp": parts.clock.wall_ms(),
            "skalds": _fleet_metrics(fleet),
            "tasks": {
                "monitored": fleet.tasks,
                **{name: tasks.get(name.capitalize(), 0) for name in shown},
                "total": sum(tasks.values()),
                "totalAssigned": fleet.tasks,
            },
            "performance": _performance(nodes, fleet),
            "dispatcher": _dispatcher_metrics(parts),
        }
    )


def _fleet_metrics(fleet: FleetCounts) -> dict[str, int]:
    return {
        "total": fleet.total,
        "online": fleet.online,
        "offline": fleet.offline,
        "nodes": fleet.nodes,
        "edges": fleet.edges,
        "availableNodes": fleet.available,
        "busyNodes": fleet.busy,
        "idleNodes": fleet.idle,
    }


def _performance(nodes: Sequence[NodeOverview], fleet: FleetCounts) -> dict[str, Any]:
    return {
        "averageTasksPerSkald": round(fleet.tasks / fleet.online, 2) if fleet.online else 0.0,
        "taskDistribution": {node.known.registration.node.id: node.load.tasks for node in nodes},
        "systemLoad": {
            "skaldUtilization": _percent(fleet.online_busy, fleet.online),
            "nodeUtilization": _percent(fleet.busy, fleet.available),
        },
    }


def _percent(part: int, whole: int) -> float:
    return round(100 * part / whole, 1) if whole else 0.0


def _dispatcher_metrics(parts: ApiParts) -> dict[str, Any] | None:
    if parts.dispatcher is None:
        return None
    status = parts.dispatcher.get_status()
    last = status["lastPass"]
    return {
        "strategy": status["strategy"],
        "interval": status["interval"],
        "assignedTotal": status["assignedTotal"],
        "lastPass": last and last["at"],
        "passMs": last and last["durationMs"],
    }
