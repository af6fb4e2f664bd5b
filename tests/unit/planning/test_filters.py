"""Which nodes may take which tasks, and what is told of a lane that no node took."""

from collections.abc import Mapping
from typing import Any

import pytest

from skalds.model.lane import LaneKey
from skalds.model.plan import WaitReason
from skalds.model.reserved import Reserved
from skalds.model.resources import Resources
from skalds.planning.filters import FILTERS, open_slots, refusal, refusals, rejection
from tests.unit.planning.clusters import node

OFFLINE, CLASS, PINNED, LABEL, RESOURCES, BREAKER, FULL = (
    WaitReason.NO_NODE_ONLINE,
    WaitReason.CLASS_NOT_SUPPORTED,
    WaitReason.PINNED,
    WaitReason.LABEL_MISMATCH,
    WaitReason.RESOURCES,
    WaitReason.NODE_BREAKER,
    WaitReason.NO_FREE_SLOT,
)
SSD = (("disk", "ssd"),)
BIG = Resources(4000, 1 << 30, 2)


@pytest.mark.parametrize(
    ("view", "lane", "expected"),
    [
        ({}, {}, None),
        # Whether the node takes work at all.
        ({"online": False}, {}, OFFLINE),
        ({"draining": True}, {}, OFFLINE),
        ({"cordoned": True}, {}, OFFLINE),
        ({"mode": "edge"}, {}, OFFLINE),
        ({"mode": "single_process"}, {}, OFFLINE),
        # Class.
        ({}, {"class_name": "Other"}, CLASS),
        ({}, {"class_name": "c"}, CLASS),
        ({"classes": frozenset()}, {}, CLASS),
        # Pin.
        ({}, {"pinned_to": "n1"}, None),
        ({}, {"pinned_to": "n2"}, PINNED),
        ({}, {"pinned_to": ""}, PINNED),
        # Labels.
        ({"labels": {"disk": "ssd"}}, {"requires": SSD}, None),
        ({"labels": {"disk": "ssd", "zone": "a"}}, {"requires": SSD}, None),
        ({"labels": {"disk": "hdd"}}, {"requires": SSD}, LABEL),
        ({"labels": {"zone": "ssd"}}, {"requires": SSD}, LABEL),
        ({"labels": {"disk": "ssd"}}, {"requires": (*SSD, ("zone", "a"))}, LABEL),
        ({}, {"requires": SSD}, LABEL),
        ({}, {"prefers": SSD}, None),
        # Resources: what is offered in all, not what is free.
        ({"resources": BIG}, {"resources": BIG}, None),
        ({"resources": BIG, "used_resources": BIG}, {"resources": BIG}, None),
        ({"resources": BIG}, {"resources": BIG._replace(cpu=4001)}, RESOURCES),
        ({"resources": BIG}, {"resources": BIG._replace(memory=(1 << 30) + 1)}, RESOURCES),
        ({"resources": BIG}, {"resources": BIG._replace(gpu=3)}, RESOURCES),
        ({}, {"resources": Resources(gpu=1)}, RESOURCES),
        # Slots: again in all, and only those open to the priority.
        ({"used_slots": 2, "live_tasks": 2}, {}, None),
        ({}, {"slots": 2}, None),
        ({}, {"slots": 3}, FULL),
        ({}, {"slots": 0}, None),
        ({"slots": 0}, {"slots": 9}, None),
        ({"reserved": Reserved(1, 5)}, {"slots": 2, "priority": 5}, None),
        ({"reserved": Reserved(1, 5)}, {"slots": 2, "priority": 4}, FULL),
        ({"reserved": Reserved(1, 5)}, {"slots": 1, "priority": 4}, None),
        ({"reserved": Reserved(2, 5)}, {"slots": 1, "priority": 4}, FULL),
        ({"reserved": Reserved(2, 0)}, {"slots": 2}, None),
        ({"reserved": Reserved(3, 5)}, {"slots": 0, "priority": 4}, FULL),
        ({"slots": 0, "reserved": Reserved(3, 5)}, {"slots": 9}, None),
        # Breaker.
        ({"tripped": frozenset({"C"})}, {}, BREAKER),
        ({"tripped": frozenset({"Other"})}, {}, None),
        ({"probing": frozenset({"C"})}, {}, None),
        # What no filter looks at.
        ({}, {"tenant": "b", "concurrency_key": "k", "preemptible": True, "priority": 10}, None),
    ],
    ids=str,
)
def test_reason_why_a_node_may_not_take_a_task_however_empty_it_is(
    view: dict[str, Any], lane: dict[str, Any], expected: WaitReason | None
) -> None:
    key = LaneKey(**{"tenant": "t", "class_name": "C", **lane})

    assert refusal(node("n1", **view), key) is expected
    assert refusals(node("n1", **view), key) == ([] if expected is None else [expected])


def test_first_failed_filter_is_told_first_and_all_are_told_to_who_asks() -> None:
    view = node("n1", online=False, tripped=frozenset({"D"}))
    key = LaneKey("t", "D", requires=SSD, resources=BIG, slots=9, pinned_to="n2")

    assert refusal(view, key) is OFFLINE
    assert refusals(view, key) == [OFFLINE, CLASS, PINNED, LABEL, RESOURCES, FULL, BREAKER]


def test_every_filter_has_a_reason_of_its_own() -> None:
    assert len({reason for reason, _ in FILTERS}) == len(FILTERS)


@pytest.mark.parametrize(
    ("reserved", "priority", "expected"),
    [
        (Reserved(), 0, 4),
        (Reserved(1, 5), 4, 3),
        (Reserved(1, 5), 5, 4),
        (Reserved(1, 5), 10, 4),
        (Reserved(4, 1), 0, 0),
    ],
)
def test_slots_open_to_a_priority(reserved: Reserved, priority: int, expected: int) -> None:
    assert open_slots(node("n1", slots=4, reserved=reserved), priority) == expected


@pytest.mark.parametrize(
    ("refused", "full", "expected", "permanent"),
    [
        ({}, {}, OFFLINE, False),
        ({OFFLINE: 2}, {}, OFFLINE, False),
        ({OFFLINE: 2, CLASS: 1}, {}, CLASS, True),
        ({PINNED: 1, CLASS: 9}, {}, PINNED, True),
        ({LABEL: 1, PINNED: 1}, {}, LABEL, True),
        ({RESOURCES: 1, LABEL: 5}, {}, RESOURCES, True),
        ({FULL: 1, RESOURCES: 5}, {}, FULL, True),
        ({BREAKER: 1, FULL: 5}, {}, BREAKER, False),
        ({BREAKER: 1, CLASS: 5}, {FULL: 1}, FULL, False),
        ({CLASS: 5}, {RESOURCES: 1}, RESOURCES, False),
        ({CLASS: 5}, {BREAKER: 1}, BREAKER, False),
        ({}, {RESOURCES: 3, FULL: 1}, FULL, False),
    ],
    ids=str,
)
def test_lane_is_told_of_the_filter_that_came_closest(
    refused: Mapping[WaitReason, int], full: Mapping[WaitReason, int], expected: WaitReason, permanent: bool
) -> None:
    told = rejection(refused, full)

    assert (told.reason, told.permanent) == (expected, permanent)


def test_rejection_counts_the_nodes_behind_each_reason() -> None:
    told = rejection({CLASS: 2, RESOURCES: 1}, {FULL: 1, RESOURCES: 3})

    assert told.counts == {CLASS: 2, RESOURCES: 4, FULL: 1}
