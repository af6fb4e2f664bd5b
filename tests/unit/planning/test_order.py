"""The order of dispatch as a table: bands, shares, ranks, limits."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from skalds.model.lane import LaneKey, rank
from skalds.model.plan import WaitReason
from skalds.model.snapshot import KeyView, LaneView, TenantView
from skalds.planning.order import FairOrder
from tests.unit.planning.clusters import NOW, STEP, lane, snapshot


def waiting(tenant: str, steps: float, priority: int = 0, **key: Any) -> LaneView:
    """A lane, numbered by its tenant's letter, with one task that has waited so many ageing steps."""
    place = rank(NOW - round(steps * STEP), priority, STEP)
    return lane(ord(tenant[0]) - ord("a"), [place], LaneKey(tenant, "C", priority, **key))


def order_of(lanes: Sequence[LaneView], tenants: Mapping[str, TenantView] | None = None) -> FairOrder:
    order = FairOrder(snapshot([], lanes, tenants=tenants or {}, ageing_step_ms=STEP))
    order.line_up(lambda _: True)
    return order


def served(order: FairOrder) -> str:
    """The tenants in the order of their tasks, if all are placed."""
    tenants = ""
    while (first := order.first()) is not None:
        tenants += first[0].key.tenant
        order.placed()
    return tenants


@pytest.mark.parametrize(
    ("lanes", "tenants", "expected"),
    [
        # Bands: priority plus steps waited.
        ([waiting("a", 0), waiting("b", 0, priority=1)], {}, "ba"),
        ([waiting("a", 0.9), waiting("b", 0, priority=1)], {}, "ba"),
        ([waiting("a", 2), waiting("b", 0, priority=1)], {}, "ab"),
        # … waited since the tenant's last start, if that was later.
        ([waiting("a", 2), waiting("b", 0, priority=1)], {"a": TenantView(last_start=NOW)}, "ba"),
        ([waiting("a", 9), waiting("b", 0, priority=1)], {"a": TenantView(last_start=NOW - 2 * STEP)}, "ab"),
        # … and never less than the priority, whatever clocks say.
        ([waiting("a", 0, priority=1), waiting("b", 0.5)], {"a": TenantView(last_start=NOW + 9 * STEP)}, "ab"),
        ([waiting("a", -5, priority=1), waiting("b", 0.5)], {}, "ab"),
        # Inside a band: least use for the weight.
        ([waiting("a", 0.9), waiting("b", 0)], {"a": TenantView(used_slots=1)}, "ba"),
        (
            [waiting("a", 0.9), waiting("b", 0)],
            {"a": TenantView(4.0, used_slots=3), "b": TenantView(used_slots=1)},
            "ab",
        ),
        # Then the lower rank, then the lower id.
        ([waiting("a", 0.1), waiting("b", 0.2)], {}, "ba"),
        ([waiting("b", 0.1), waiting("a", 0.1)], {}, "ab"),
    ],
)
def test_who_comes_first(lanes: list[LaneView], tenants: Mapping[str, TenantView], expected: str) -> None:
    assert served(order_of(lanes, tenants)) == expected


def test_tenants_take_turns_by_what_their_tasks_take() -> None:
    lanes = [
        lane(1, [NOW - number for number in range(4)], LaneKey("a", "C", slots=2)),
        lane(2, [NOW - number for number in range(6)], LaneKey("b", "C")),
        lane(3, [NOW - number for number in range(3)], LaneKey("c", "C", slots=0)),
    ]

    # A task without slots counts as one.
    assert served(order_of(lanes)) == "bacbcbacbabba"


def test_tasks_of_one_tenant_come_by_rank_whatever_lane_they_stand_in() -> None:
    lanes = [
        lane(1, [NOW + 1, NOW + 4]),
        lane(2, [NOW + 2, NOW + 3], LaneKey("t", "D")),
        lane(3, [NOW], LaneKey("t", "E")),
    ]
    order = order_of(lanes)
    ranks = []
    while (first := order.first()) is not None:
        ranks.append(first[1].rank - NOW)
        order.placed()

    assert ranks == [0, 1, 2, 3, 4]


def test_placing_the_last_known_task_of_a_lane_that_holds_more_is_told() -> None:
    order = order_of([lane(1, [NOW, NOW + 1], more=True), lane(2, [NOW + 2], LaneKey("t", "D"))])

    assert [order.placed(), order.placed(), order.placed()] == [True, False, True]
    assert order.first() is None


def test_blocked_lane_is_passed_over_and_can_be_lined_up_again_where_it_stood() -> None:
    views = [lane(1, [NOW, NOW + 1]), lane(2, [NOW + 5], LaneKey("t", "D"))]
    order = order_of(views)
    order.placed()
    order.block()
    assert order.first() is not None
    order.block()
    assert order.first() is None

    order.line_up(lambda view: view.id == 1)
    first = order.first()
    assert first is not None
    assert first[1].rank == NOW + 1


@pytest.mark.parametrize(
    ("tenant", "limit", "key", "expected"),
    [
        (TenantView(), None, None, None),
        (TenantView(max_running=2, running=1), None, None, None),
        (TenantView(max_running=2, running=2), None, None, WaitReason.TENANT_LIMIT),
        (TenantView(max_running=2, running=3), None, None, WaitReason.TENANT_LIMIT),
        (TenantView(max_running=0), None, None, WaitReason.TENANT_LIMIT),
        (TenantView(), None, "k", None),
        (TenantView(), KeyView(1, 1), "k", WaitReason.KEY_LIMIT),
        (TenantView(), KeyView(2, 1), "k", None),
        (TenantView(), KeyView(2, 3), "k", WaitReason.KEY_LIMIT),
        (TenantView(), KeyView(1, 1), "other", None),
        (TenantView(max_running=0), KeyView(1, 1), "k", WaitReason.TENANT_LIMIT),
    ],
)
def test_limit(tenant: TenantView, limit: KeyView | None, key: str | None, expected: WaitReason | None) -> None:
    view = waiting("a", 0, concurrency_key=key)
    keys = {} if limit is None else {"k": limit}
    order = FairOrder(snapshot([], [view], tenants={"a": tenant}, keys=keys))

    assert order.limit_of(view) is expected


def test_limits_count_what_was_placed_in_this_pass() -> None:
    lanes = [
        waiting("a", 0, concurrency_key="k"),
        waiting("b", 0, concurrency_key="k"),
        lane(9, [NOW], LaneKey("a", "C")),
    ]
    order = order_of(lanes, {"a": TenantView(max_running=1)})
    order.placed()

    assert [order.limit_of(view) for view in lanes] == [
        WaitReason.TENANT_LIMIT,
        WaitReason.KEY_LIMIT,
        WaitReason.TENANT_LIMIT,
    ]
