"""Bus events are read in both spellings and written in that of Skalds 0.3.8."""

from typing import Any

import pytest
from pydantic import ValidationError

from skalds.model.event import TaskEvent, Topic, UpdateTaskWorkerEvent

WIRE: dict[str, Any] = {
    "id": "e",
    "title": "assign",
    "initiator": "dispatcher",
    "recipient": "skalds-1",
    "createDateTime": 1,
    "updateDateTime": 2,
    "taskIds": ["task_1", "task_2"],
}


def test_wire_names_are_read_and_written() -> None:
    assert TaskEvent.model_validate(WIRE).model_dump(by_alias=True) == WIRE


def test_python_names_are_accepted_as_well() -> None:
    event = TaskEvent(
        id="e",
        title="assign",
        initiator="dispatcher",
        recipient="skalds-1",
        create_date_time=1,
        update_date_time=2,
        task_ids=["task_1", "task_2"],
    )

    assert event == TaskEvent.model_validate(WIRE)


def test_only_the_task_ids_are_required() -> None:
    event = TaskEvent.model_validate({"taskIds": []})

    assert (event.id, event.title, event.initiator, event.recipient) == (None, None, None, None)
    assert event.create_date_time > 0
    with pytest.raises(ValidationError):
        TaskEvent.model_validate({})


def test_topics_have_the_names_that_0_3_8_nodes_listen_to() -> None:
    assert {topic.value for topic in Topic} == {"task.assign", "task.cancel", "task.update.attachment"}


def test_update_for_a_worker_carries_the_attachments_as_they_are() -> None:
    assert UpdateTaskWorkerEvent(attachments={"fix_frame": 3}).model_dump() == {"attachments": {"fix_frame": 3}}
