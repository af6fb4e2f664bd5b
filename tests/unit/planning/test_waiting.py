"""Why a single task is not running, as a table."""

from typing import Any

import pytest

from skalds.model.plan import WaitReason
from skalds.planning.waiting import waiting_reason
from skalds.testing import a_task

NOW = 10_000
LANE = WaitReason.NO_FREE_SLOT


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, LANE),
        ({"eligible_at": NOW}, LANE),
        ({"eligible_at": NOW + 1}, WaitReason.NOT_BEFORE),
        ({"lifecycle_status": "Failed", "attempt": 1, "released_at": 5}, LANE),
        ({"lifecycle_status": "Failed", "attempt": 1, "released_at": 5, "eligible_at": NOW + 1}, WaitReason.NOT_BEFORE),
        ({"lifecycle_status": "Failed", "attempt": 1, "executor": "n"}, WaitReason.STILL_STOPPING),
        ({"lifecycle_status": "Created", "attempt": 1, "executor": "n"}, WaitReason.STILL_STOPPING),
        ({"lifecycle_status": "Paused"}, WaitReason.PAUSED),
        ({"lifecycle_status": "Paused", "attempt": 1, "executor": "n"}, WaitReason.PAUSED),
        ({"lifecycle_status": "Assigning", "attempt": 1, "executor": "n"}, None),
        ({"lifecycle_status": "Running", "attempt": 1, "executor": "n"}, None),
        ({"lifecycle_status": "Finished", "final": True}, None),
        ({"lifecycle_status": "Failed", "final": True}, None),
        ({"lifecycle_status": "Cancelled", "final": True}, None),
        ({"mode": "Active"}, None),
    ],
    ids=str,
)
def test_reason_of_a_task(changes: dict[str, Any], expected: WaitReason | None) -> None:
    assert waiting_reason(a_task(**{"eligible_at": 0, **changes}), LANE, NOW) is expected


@pytest.mark.parametrize(
    ("changes", "blocked", "paused", "expected"),
    [
        ({}, True, False, WaitReason.DEPENDENCY),
        ({"eligible_at": NOW + 1}, True, False, WaitReason.DEPENDENCY),
        ({}, True, True, WaitReason.DEPENDENCY),
        ({}, False, True, WaitReason.DISPATCH_PAUSED),
        ({"eligible_at": NOW + 1}, False, True, WaitReason.NOT_BEFORE),
        ({"lifecycle_status": "Failed", "attempt": 1, "released_at": 5}, False, True, WaitReason.DISPATCH_PAUSED),
        ({"lifecycle_status": "Failed", "attempt": 1, "executor": "n"}, True, True, WaitReason.STILL_STOPPING),
        ({"lifecycle_status": "Paused"}, True, True, WaitReason.PAUSED),
        ({"lifecycle_status": "Running", "attempt": 1, "executor": "n"}, True, True, None),
        ({"lifecycle_status": "Finished", "final": True}, True, True, None),
        ({"mode": "Active"}, False, True, None),
    ],
    ids=str,
)
def test_what_lies_in_the_task_comes_before_what_lies_in_the_dispatcher(
    changes: dict[str, Any], blocked: bool, paused: bool, expected: WaitReason | None
) -> None:
    task = a_task(**{"eligible_at": 0, **changes})

    assert waiting_reason(task, LANE, NOW, blocked=blocked, paused=paused) is expected


def test_task_about_to_be_placed_has_no_reason() -> None:
    assert waiting_reason(a_task(eligible_at=0), None, NOW) is None
