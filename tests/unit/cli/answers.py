"""Answers of the API, made by the API itself, and a controller that gives them."""

from collections.abc import Callable
from typing import Any

import httpx
import orjson

from skalds.model.task import RunRecord, Task
from skalds.system_controller.api.schemas import show_task
from skalds.system_controller.fleet import Fleet
from skalds.testing import a_task

NOW = 1_800_000_000_000
MADE_ID = "01a20c5e-cb7c-7002-87d7-1d8c5c347665"
HOSTILE = "\x1b[2Jred\nnext\u202eline\x9b31m"
"""Clears a screen, breaks a line, turns the direction of text, and starts a sequence with a single character."""

Json = dict[str, Any]
Answer = Callable[[httpx.Request], httpx.Response]


def answered_task(**changes: Any) -> Json:
    """A task as the API shows it."""
    task = a_task(id=changes.pop("id", "task-1"), create_date_time=NOW - 60_000, update_date_time=NOW - 30_000)
    shown: Json = orjson.loads(orjson.dumps(show_task(Task.model_validate({**task.model_dump(), **changes}), Fleet())))
    return shown


def run_record(attempt: int, submitted: int = NOW - 60_000, **changes: Any) -> RunRecord:
    """A run with 10 ms, 20 ms, 30 ms and 4 s between its stages."""
    stages = {"assigned": submitted + 10, "accepted": submitted + 30, "running": submitted + 60}
    end = {"finished": submitted + 4060, "outcome": "failed"}
    return RunRecord.model_validate(
        {"attempt": attempt, "node": "node-1", "submitted": submitted, **stages, **end, **changes}
    )


def answered_explanation(**changes: Any) -> Json:
    """Why a task waits, as the API shows it."""
    return {
        "id": "task-1",
        "status": "Created",
        "reason": "label_mismatch",
        "permanent": True,
        "since": NOW - 90_000,
        "text": "No node that knows its class has the labels it requires: zone=north.",
        "change": "node 'node-1': give it the label zone=north",
        "counts": {"label_mismatch": 1, "class_not_supported": 1},
        "nodes": [
            {
                "id": "node-1",
                "reasons": ["label_mismatch"],
                "changes": ["give it the label zone=north"],
                "state": None,
            },
            {
                "id": "node-2",
                "reasons": ["class_not_supported", "label_mismatch"],
                "changes": ["register the class 'Demo' there", "give it the label zone=north"],
                "state": None,
            },
        ],
        "dependencies": [],
        "tasksBefore": 2,
        **changes,
    }


def answered_node(**changes: Any) -> Json:
    """A node as the API shows it."""
    return {
        "id": "node-1",
        "type": "node",
        "status": "online",
        "lastHeartbeat": str(NOW - 300),
        "supportedTasks": ["Demo"],
        "currentTasks": [],
        "heartbeat": 3,
        "taskCount": 0,
        "liveness": "online",
        "draining": False,
        "cordoned": False,
        "session": 7,
        "registeredAt": NOW - 100_000,
        "slots": 4,
        "usedSlots": 1,
        "reservedSlots": None,
        "labels": {},
        "ownLabels": {},
        "resources": {},
        "usedResources": {},
        "breakers": {"open": [], "probing": []},
        "facts": {"hostname": "alpha", "pid": 42, "python": "3.11.7", "cpus": 8},
        "protocol": 1,
        **changes,
    }


def answered_dispatcher(**changes: Any) -> Json:
    """The dispatcher's status as the API shows it."""
    return {
        "running": True,
        "interval": 5,
        "strategy": "LEAST_TASKS",
        "thread_alive": True,
        "available_skalds": 2,
        "total_skald_tasks": 3,
        "strategySource": "default",
        "intervalSource": "environment",
        "paused": False,
        "pausedSource": "default",
        "strategies": ["LEAST_TASKS", "ROUND_ROBIN", "RANDOM"],
        "leading": True,
        "leader": "vm-1970",
        "term": 4,
        "assignedTotal": 1234,
        "stalledTotal": 0,
        "assignedPerSecond": 2.5,
        "passMs": {"p50": 0.41, "p99": 3.2},
        "waitMs": {"p50": 12, "p99": 4_000},
        "backlog": {
            "ready": 7,
            "waiting": 1009,
            "byClass": {"Survey": 1002, "Demo": 7},
            "byReason": {"later": 1002, "no_free_slot": 5, "next": 2},
        },
        "lastPass": {"at": NOW - 2000, "durationMs": 0.452, "assigned": 2, "waitingLanes": {"no_free_slot": 3}},
        **changes,
    }


def listing(*tasks: Json, total: int | None = None, **changes: Any) -> Json:
    """A page of the task list."""
    count = len(tasks) if total is None else total
    return {"items": list(tasks), "total": count, "totalIsExact": True, "page": 1, "pageSize": 20, **changes}


def text_of(lines: Any) -> list[str]:
    """Rendered lines without their looks."""
    return [str(line) for line in lines]
