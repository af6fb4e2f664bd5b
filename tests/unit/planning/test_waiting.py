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
    ],
    ids=str,
)
def test_reason_of_a_task(changes: dict[str, Any], expected: WaitReason | None) -> None:
    assert waiting_reason(a_task(**{"eligible_at": 0, **changes}), LANE, NOW) is expected


def test_task_about_to_be_placed_has_no_reason() -> None:
    assert waiting_reason(a_task(eligible_at=0), None, NOW) is None
