"""A node logs what became of each attempt, with the fields to find it by."""

from collections.abc import Iterator
from typing import Any

import pytest
from loguru import logger

from skalds.model.run_change import Change
from skalds.model.task import Assignment, RunError, Task
from skalds.node.run_log import log_change
from skalds.testing import a_task

ASSIGNED = a_task(lifecycle_status="Assigning", executor="n1", attempt=2)
RUNNING = ASSIGNED.changed(1, lifecycle_status="Running")


@pytest.fixture
def lines() -> Iterator[list[tuple[str, str, dict[str, Any]]]]:
    """Level, event and fields of what was logged."""
    found: list[tuple[str, str, dict[str, Any]]] = []
    logger.remove()
    logger.add(
        lambda m: found.append((m.record["level"].name, m.record["message"], m.record["extra"]["skalds_fields"]))
    )
    yield found
    logger.remove()


@pytest.mark.parametrize(
    ("before", "changes", "level", "event"),
    [
        (ASSIGNED, {"lifecycle_status": "Running"}, "DEBUG", "task.accepted"),
        (ASSIGNED, {"lifecycle_status": "Created", "executor": None, "refusals": 1}, "INFO", "task.refused"),
        (RUNNING, {"lifecycle_status": "Created", "executor": None, "losses": 1}, "INFO", "task.requeued"),
        (RUNNING, {"lifecycle_status": "Created", "executor": None}, "INFO", "task.requeued"),
        (RUNNING, {"lifecycle_status": "Finished", "final": True}, "DEBUG", "task.ended"),
        (
            RUNNING,
            {"lifecycle_status": "Failed", "error": RunError(type="ValueError", message="bad")},
            "WARNING",
            "task.failed",
        ),
    ],
)
def test_each_step_has_its_event(
    lines: list[tuple[str, str, dict[str, Any]]], before: Task, changes: dict[str, Any], level: str, event: str
) -> None:
    log_change(Change(before, before.changed(2, **changes)))

    [(logged_level, logged_event, fields)] = lines
    assert (logged_level, logged_event) == (level, event)
    assert (fields["task"], fields["node"], fields["attempt"]) == ("task-1", "n1", 2)
    assert ("reason" in fields) == (event in ("task.refused", "task.requeued", "task.failed"))


def test_progress_is_no_event(lines: list[tuple[str, str, dict[str, Any]]]) -> None:
    log_change(Change(RUNNING, RUNNING.changed(2)))

    assert lines == []


@pytest.mark.parametrize(
    ("leave_for", "reason"), [(None, "the node is leaving"), ("urgent", "asked to leave for urgent")]
)
def test_run_handed_back_says_why(
    lines: list[tuple[str, str, dict[str, Any]]], leave_for: str | None, reason: str
) -> None:
    assignment = Assignment(id="c", skald_id="n1", session=1, term=1, assigned_at=0, accept_by=9, leave_for=leave_for)
    before = RUNNING.changed(2, assignment=assignment)

    log_change(Change(before, before.changed(3, lifecycle_status="Created", executor=None, assignment=None)))

    assert lines[0][2]["reason"] == reason
