"""The task reads and writes the documents of Skalds 0.3.8 and knows when it waits and when it holds capacity."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from skalds.model.task import Assignment, ModeEnum, Task, TaskLifecycleStatus
from skalds.testing import a_task

DOCUMENT: dict[str, Any] = {
    "id": "task_1",
    "className": "MyWorker",
    "source": "MongoDB",
    "name": "one",
    "description": "the first",
    "executor": "skalds-1",
    "dependencies": ["task_0"],
    "mode": "Passive",
    "isPersistent": False,
    "createDateTime": 1_724_131_200_000,
    "updateDateTime": 1_724_131_200_001,
    "deadlineDateTime": 1_724_736_000_000,
    "lifecycleStatus": "Running",
    "priority": 7,
    "attachments": {"fixFrame": 30},
}
"""A document as Skalds 0.3.8 stores it (contract §3.1)."""

SPELLINGS = {
    "className": "class_name",
    "isPersistent": "is_persistent",
    "createDateTime": "create_date_time",
    "updateDateTime": "update_date_time",
    "deadlineDateTime": "deadline_date_time",
    "lifecycleStatus": "lifecycle_status",
}

AN_ASSIGNMENT = Assignment(id="a", skald_id="node-1", session=1, term=1, assigned_at=0, accept_by=5000)


class CameraData(BaseModel):
    """Attachments as a task author declares them."""

    model_config = ConfigDict(populate_by_name=True)

    fix_frame: int = Field(alias="fixFrame")


def python_names(document: dict[str, Any]) -> dict[str, Any]:
    return {SPELLINGS.get(name, name): value for name, value in document.items()}


def test_document_of_0_3_8_is_read_field_by_field() -> None:
    task = Task.model_validate(DOCUMENT)

    assert {name: getattr(task, name) for name in python_names(DOCUMENT)} == python_names(DOCUMENT)


def test_python_names_are_accepted_as_well_as_wire_names() -> None:
    assert Task(**python_names(DOCUMENT)) == Task.model_validate(DOCUMENT)


def test_document_of_0_3_8_comes_back_unchanged() -> None:
    written = Task.model_validate(DOCUMENT).model_dump(by_alias=True)

    assert {name: written[name] for name in DOCUMENT} == DOCUMENT


def test_every_own_field_goes_over_the_wire_in_camel_case_and_comes_back() -> None:
    task = a_task(
        max_attempts=5,
        retry_delay_ms=7,
        not_before=9,
        requires={"zone": "north"},
        assignment=AN_ASSIGNMENT,
        attempt=1,
        eligible_at=11,
    )
    written = task.model_dump(by_alias=True, mode="json")

    assert not [name for name in written if "_" in name]
    assert written["assignment"]["skaldId"] == "node-1"
    assert Task.model_validate(written).model_dump(mode="json") == task.model_dump(mode="json")


@settings(max_examples=50, deadline=None)
@given(
    text=st.text(max_size=20),
    priority=st.integers(0, 10),
    moment=st.integers(0, 2**53),
    mode=st.sampled_from(ModeEnum.list()),
    status=st.sampled_from(TaskLifecycleStatus.list()),
    attachments=st.none() | st.dictionaries(st.text(max_size=5), st.integers() | st.text(max_size=5), max_size=3),
)
def test_round_trip_keeps_every_value(
    text: str, priority: int, moment: int, mode: str, status: str, attachments: dict[str, Any] | None
) -> None:
    task = a_task(
        name=text, priority=priority, not_before=moment, mode=mode, lifecycle_status=status, attachments=attachments
    )

    assert Task.model_validate_json(task.model_dump_json(by_alias=True)) == task


def test_only_id_class_and_source_are_required() -> None:
    with pytest.raises(ValidationError) as raised:
        Task.model_validate({})

    assert {str(error["loc"][0]) for error in raised.value.errors()} == {"id", "className", "source"}


@pytest.mark.parametrize(
    ("field", "default"),
    {
        "name": None,
        "description": None,
        "executor": None,
        "dependencies": None,
        "mode": "Passive",
        "is_persistent": True,
        "deadline_date_time": None,
        "lifecycle_status": "Created",
        "priority": 0,
        "attachments": None,
        "rev": 0,
        "final": False,
        "attempt": 0,
        "failures": 0,
        "losses": 0,
        "refusals": 0,
        "requeues": 0,
        "max_attempts": 3,
        "retry_delay_ms": 1000,
        "retry_backoff": 2.0,
        "not_before": None,
        "timeout_ms": 0,
        "tenant": "default",
        "slots": 1,
        "resources": {},
        "requires": {},
        "prefers": {},
        "concurrency_key": None,
        "affinity_key": None,
        "exclusive": False,
        "preemptible": False,
        "idempotency_key": None,
        "assignment": None,
        "attachments_rev": 0,
        "progress": None,
        "result": None,
        "error": None,
        "checkpoint": None,
        "usage": None,
        "runs": (),
        "released_at": None,
        "waiting": None,
    }.items(),
)
def test_default(field: str, default: object) -> None:
    assert getattr(Task(id="t", class_name="C", source="s"), field) == default


def test_moments_of_creation_and_change_are_filled_in() -> None:
    task = Task(id="t", class_name="C", source="s")

    assert 0 < task.create_date_time <= task.update_date_time


@pytest.mark.parametrize(
    "wrong",
    [
        {"priority": -1},
        {"priority": 11},
        {"priority": "high"},
        {"mode": "passive"},
        {"lifecycle_status": "Done"},
        {"max_attempts": -1},
        {"retry_delay_ms": -1},
        {"retry_backoff": 0.9},
        {"timeout_ms": -1},
        {"slots": -1},
    ],
    ids=str,
)
def test_value_out_of_bounds_is_refused_and_named(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError) as raised:
        a_task(**wrong)

    named = [str(error["loc"][0]) for error in raised.value.errors()]
    assert named in ([*wrong], [to_camel(name) for name in wrong])


@pytest.mark.parametrize("priority", [0, 10])
def test_bounds_themselves_are_accepted(priority: int) -> None:
    assert a_task(priority=priority, max_attempts=0, slots=0, retry_backoff=1.0).priority == priority


def test_enum_fields_hold_plain_text_however_they_were_given() -> None:
    given_as_enum = a_task(mode=ModeEnum.ACTIVE, lifecycle_status=TaskLifecycleStatus.PAUSED)
    by_default = a_task()

    kinds = {type(getattr(task, name)) for task in (given_as_enum, by_default) for name in ("mode", "lifecycle_status")}
    assert kinds == {str}
    assert (given_as_enum.mode, given_as_enum.lifecycle_status) == ("Active", "Paused")


def test_enums_list_their_wire_texts_in_order() -> None:
    assert ModeEnum.list() == ["Active", "Passive", "PassiveProcess"]
    assert TaskLifecycleStatus.list() == [
        "Created", "Assigning", "Running", "Paused", "Finished", "Failed", "Cancelled",
    ]  # fmt: skip


def test_unknown_fields_are_ignored() -> None:
    assert not hasattr(Task.model_validate(DOCUMENT | {"_id": "x", "other": 1}), "other")


def test_attachments_may_be_a_data_model_and_go_out_under_its_wire_names() -> None:
    task = a_task(attachments=CameraData(fix_frame=30))

    assert isinstance(task.attachments, CameraData)
    assert task.model_dump(by_alias=True)["attachments"] == {"fixFrame": 30}


def test_attachments_may_be_a_plain_object() -> None:
    assert a_task(attachments={"fix_frame": 30}).model_dump(by_alias=True)["attachments"] == {"fix_frame": 30}


def test_task_cannot_be_changed_in_place() -> None:
    with pytest.raises(ValidationError):
        a_task().priority = 3  # type: ignore[misc]


def test_next_version_counts_the_revision_and_leaves_the_old_one_alone() -> None:
    before = a_task(rev=4)
    after = before.changed(99, priority=3)

    assert (after.rev, after.update_date_time, after.priority) == (5, 99, 3)
    assert (before.rev, before.priority) == (4, 0)


@pytest.mark.parametrize(
    ("changes", "waits"),
    [
        ({}, True),
        ({"lifecycle_status": "Failed", "attempt": 1, "released_at": 5}, True),
        ({"lifecycle_status": "Failed", "attempt": 1, "executor": "n"}, False),
        ({"lifecycle_status": "Failed", "final": True, "attempt": 1, "released_at": 5}, False),
        ({"attempt": 1, "released_at": 5}, True),
        ({"attempt": 1, "executor": "n"}, False),
        ({"mode": "Active"}, False),
        ({"mode": "PassiveProcess"}, False),
        ({"lifecycle_status": "Assigning"}, False),
        ({"lifecycle_status": "Running"}, False),
        ({"lifecycle_status": "Paused"}, False),
        ({"lifecycle_status": "Finished", "final": True}, False),
        ({"lifecycle_status": "Cancelled", "final": True}, False),
    ],
    ids=str,
)
def test_task_waits_only_if_the_dispatcher_may_run_it(changes: dict[str, Any], waits: bool) -> None:
    assert a_task(**changes).is_waiting is waits


@pytest.mark.parametrize(
    ("changes", "holds"),
    [
        ({}, False),
        ({"executor": "n"}, False),
        ({"executor": "n", "attempt": 1}, True),
        ({"executor": "n", "attempt": 1, "released_at": 5}, False),
        ({"executor": None, "attempt": 1, "released_at": 5}, False),
        ({"executor": "n", "attempt": 1, "lifecycle_status": "Cancelled", "final": True}, True),
        ({"executor": "n", "attempt": 2, "lifecycle_status": "Paused"}, True),
    ],
    ids=str,
)
def test_slot_is_held_from_assignment_to_release(changes: dict[str, Any], holds: bool) -> None:
    assert a_task(**changes).holds_slot is holds
