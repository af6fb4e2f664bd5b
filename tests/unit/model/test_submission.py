"""Two submits are the same if what the submitter asked for is the same."""

from typing import Any

import pytest
from pydantic import BaseModel, Field

from skalds.model.submission import SUBMITTED_FIELDS, submission_digest
from skalds.model.task import Task
from skalds.testing import a_task


class Data(BaseModel):
    frame: int = Field(alias="theFrame")


def test_every_field_named_is_one_of_the_task() -> None:
    assert set(SUBMITTED_FIELDS) <= set(Task.model_fields)


@pytest.mark.parametrize(
    "changes",
    [{"id": "other"}, {"create_date_time": 1}, {"eligible_at": 1}, {"rev": 3}, {"attempt": 2}, {"result": 1}],
    ids=str,
)
def test_what_the_system_fills_in_does_not_matter(changes: dict[str, Any]) -> None:
    assert submission_digest(a_task(**changes)) == submission_digest(a_task())


@pytest.mark.parametrize(
    "changes",
    [{"class_name": "Other"}, {"priority": 1}, {"attachments": {"a": 1}}, {"not_before": 5}, {"tenant": "b"}],
    ids=str,
)
def test_what_the_submitter_asked_for_does(changes: dict[str, Any]) -> None:
    assert submission_digest(a_task(**changes)) != submission_digest(a_task())


def test_order_of_keys_does_not_matter() -> None:
    one, other = a_task(attachments={"a": 1, "b": 2}), a_task(attachments={"b": 2, "a": 1})

    assert submission_digest(one) == submission_digest(other)


def test_data_model_and_its_plain_form_are_the_same() -> None:
    one, other = a_task(attachments=Data(theFrame=3)), a_task(attachments={"theFrame": 3})

    assert submission_digest(one) == submission_digest(other)
