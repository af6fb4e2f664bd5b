"""What must hold between the rows of a store whenever nobody writes."""

from collections.abc import Mapping, Sequence
from typing import Any

from skalds.adapters.mongo.connection import MongoStore
from skalds.adapters.mongo.documents import TASK_FIELDS, task_of
from skalds.adapters.mongo.feed_line import TOLD, run_change
from skalds.adapters.mongo.lane_numbers import lane_number
from skalds.model.lane import LaneKey, lane_key, rank
from skalds.model.run_change import RunChange
from skalds.model.task import Task, TaskLifecycleStatus
from tests.integration.mongo.conftest import AGEING_STEP_MS

Document = dict[str, Any]


async def check_rows(store: MongoStore) -> Mapping[str, Task]:
    """Asserts for every row that what lies beside the task follows from it; returns the tasks by id."""
    rows = {row["id"]: row for row in await store.tasks.find().to_list()}
    tasks = {id_: _task(row) for id_, row in rows.items()}
    lanes = {lane["_id"]: LaneKey.from_text(lane["key"]) for lane in await store.lanes.find().to_list()}
    for id_, task in tasks.items():
        dispatch = rows[id_].get("dispatch", {})
        _check_place(task, dispatch)
        _check_lane(task, dispatch, lanes)
        _check_edges(task, dispatch, tasks)
        _check_told(task, dispatch, rows[id_][TOLD])
    return tasks


def _task(row: Document) -> Task:
    return task_of({name: value for name, value in row.items() if name not in TASK_FIELDS})


def _check_place(task: Task, dispatch: Document) -> None:
    assert ("place" in dispatch) == task.is_waiting, task
    assert dispatch.get("node") == (task.executor if task.holds_slot else None), task
    session = task.assignment.session if task.assignment else 0
    assert dispatch.get("session") == (session if task.holds_slot else None), task
    assert dispatch.get("due") == ((task.deadline_date_time or None) if task.is_waiting else None), task
    is_over = task.final and not task.holds_slot
    ended = {"plain" if task.idempotency_key is None else "keyed": task.update_date_time} if is_over else None
    assert dispatch.get("ended") == ended, task
    assert dispatch.get("timer") == (task.eligible_at if dispatch.get("place") == "timer" else None), task
    assert dispatch["lists"] == _lists(task), task


def _lists(task: Task) -> Sequence[str]:
    lists = ["over" if task.final else "open", f"class:{task.class_name}"]
    is_found_elsewhere = (task.is_waiting and task.lifecycle_status == "Created") or (
        task.holds_slot and task.lifecycle_status in ("Assigning", "Running")
    )
    if not is_found_elsewhere:
        lists.append(f"status:{task.lifecycle_status}")
    if task.executor is not None and not task.holds_slot:
        lists.append(f"executor:{task.executor}")
    return lists


def _check_lane(task: Task, dispatch: Document, lanes: Mapping[int, LaneKey]) -> None:
    stands = task.is_waiting or task.holds_slot
    assert dispatch.get("lane") == (lane_number(lane_key(task)) if stands else None), task
    if stands:
        assert lanes[dispatch["lane"]] == lane_key(task)
    place_in_line = rank(task.eligible_at, task.priority, AGEING_STEP_MS)
    assert dispatch.get("rank") == (place_in_line if task.is_waiting else None), task


def _check_edges(task: Task, dispatch: Document, tasks: Mapping[str, Task]) -> None:
    """For tasks that are never requeued once they are Finished."""
    unfinished = [id_ for id_ in dict.fromkeys(task.dependencies or ()) if not _is_finished(tasks[id_])]
    assert sorted(dispatch.get("open", ())) == sorted(unfinished), task
    lost = [id_ for id_ in unfinished if tasks[id_].final]
    assert sorted(dispatch.get("lost", ())) == sorted(lost), task
    if task.is_waiting:
        assert dispatch["place"] in _places(unfinished, lost), task


def _check_told(task: Task, dispatch: Document, line: str) -> None:
    """What the feed told of the version that stands; a task whose moment came since is no new version."""
    told = run_change(line, position=0)
    assert told == RunChange(
        position=0,
        task_id=task.id,
        class_name=task.class_name,
        rev=task.rev,
        status=task.lifecycle_status,
        final=task.final,
        attempt=task.attempt,
        executor=task.executor,
        session=task.assignment.session if task.assignment else 0,
        lane=dispatch.get("lane", 0),
        holds_slot=task.holds_slot,
        ready=told.ready,
    )
    assert not told.ready or dispatch["place"] == "ready", task


def _places(unfinished: Sequence[str], lost: Sequence[str]) -> Sequence[str]:
    if lost:
        return ["forsaken"]
    return ["behind"] if unfinished else ["ready", "timer"]


def _is_finished(task: Task) -> bool:
    return task.lifecycle_status == TaskLifecycleStatus.FINISHED.value
