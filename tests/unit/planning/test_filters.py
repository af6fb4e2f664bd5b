"""Which node can take which lane, and what is told of a lane that no node took."""

from typing import Any

import pytest

from skalds.model.lane import LaneKey
from skalds.model.plan import WaitReason
from skalds.model.snapshot import NodeView
from skalds.planning.filters import has_room, ineligible, rejection

OFFLINE, CLASS, PINNED, FULL = (
    WaitReason.NO_NODE_ONLINE,
    WaitReason.CLASS_NOT_SUPPORTED,
    WaitReason.PINNED,
    WaitReason.NO_FREE_SLOT,
)


@pytest.mark.parametrize(
    ("node", "lane", "expected"),
    [
        ({}, {}, None),
        ({"online": False}, {}, OFFLINE),
        ({"draining": True}, {}, OFFLINE),
        ({"mode": "edge"}, {}, OFFLINE),
        ({"mode": "single_process"}, {}, OFFLINE),
        ({}, {"class_name": "Other"}, CLASS),
        ({"classes": frozenset()}, {}, CLASS),
        ({}, {"pinned_to": "n1"}, None),
        ({}, {"pinned_to": "n2"}, PINNED),
        ({"online": False}, {"class_name": "Other", "pinned_to": "n2"}, OFFLINE),
        ({}, {"class_name": "Other", "pinned_to": "n2"}, CLASS),
        ({"used_slots": 2, "live_tasks": 2}, {}, None),
        ({}, {"tenant": "b", "slots": 9}, None),
    ],
    ids=str,
)
def test_reason_why_a_node_cannot_take_a_lane_however_empty_it_is(
    node: dict[str, Any], lane: dict[str, Any], expected: WaitReason | None
) -> None:
    view = NodeView(**{"id": "n1", "session": 1, "classes": frozenset({"C"}), "slots": 2, **node})
    key = LaneKey(**{"tenant": "t", "class_name": "C", **lane})

    assert ineligible(view, key) is expected


@pytest.mark.parametrize(
    ("slots", "used", "wanted", "fits"),
    [
        (2, 0, 1, True),
        (2, 1, 1, True),
        (2, 2, 1, False),
        (2, 1, 2, False),
        (2, 2, 0, True),
        (2, 3, 0, False),
        (0, 0, 1, True),
        (0, 10**9, 10**9, True),
    ],
)
def test_room(slots: int, used: int, wanted: int, fits: bool) -> None:
    assert has_room(slots, used, wanted) is fits


@pytest.mark.parametrize(
    ("reasons", "expected", "permanent"),
    [
        ([], OFFLINE, False),
        ([OFFLINE], OFFLINE, False),
        ([OFFLINE, CLASS], CLASS, True),
        ([OFFLINE, CLASS, PINNED], PINNED, True),
        ([OFFLINE, CLASS, PINNED, None], FULL, False),
        ([None, None], FULL, False),
    ],
    ids=str,
)
def test_lane_is_told_of_the_filter_that_came_closest(
    reasons: list[WaitReason | None], expected: WaitReason, permanent: bool
) -> None:
    told = rejection(reasons)

    assert (told.reason, told.permanent) == (expected, permanent)


def test_rejection_counts_the_nodes_behind_each_filter() -> None:
    assert dict(rejection([None, CLASS, OFFLINE, CLASS]).counts) == {FULL: 1, CLASS: 2, OFFLINE: 1}
