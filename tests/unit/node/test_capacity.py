"""A node never gives out more than it has, never a device twice, and refuses nothing that fits."""

from hypothesis import given, settings
from hypothesis import strategies as st

from skalds.model.resources import Resources
from skalds.model.task import Task
from skalds.node.capacity import Capacity, Room, Share
from skalds.testing import a_node, a_task

amounts = st.fixed_dictionaries(
    {},
    optional={"cpu": st.sampled_from([0.1, 0.5, 1, 2]), "memory": st.integers(1, 8), "gpu": st.integers(1, 2)},
)
tasks = st.builds(lambda slots, wanted: a_task(slots=slots, resources=wanted), st.integers(0, 3), amounts)
devices = st.lists(st.sampled_from("0123"), unique=True).map(tuple)
capacities = st.builds(
    lambda slots, cpu, memory, names: Capacity(slots, Resources(cpu * 1000, memory, len(names)), names),
    st.integers(0, 6),
    st.integers(0, 4),
    st.integers(0, 16),
    devices,
)

modest = settings(max_examples=150, deadline=None, derandomize=True)


@modest
@given(capacity=capacities, wanted=st.lists(tasks, max_size=8))
def test_what_is_taken_never_exceeds_the_capacity_and_no_device_is_taken_twice(
    capacity: Capacity, wanted: list[Task]
) -> None:
    room = Room(capacity, [])
    shares = [share for task in wanted if (share := room.take(task)) is not None]
    given_out = [device for share in shares for device in share.devices]

    assert capacity.slots == 0 or sum(share.slots for share in shares) <= capacity.slots
    assert _sum(shares).fits_in(capacity.resources)
    assert len(given_out) == len(set(given_out)) == _sum(shares).gpu
    assert set(given_out) <= set(capacity.devices)


@modest
@given(capacity=capacities, wanted=st.lists(tasks, max_size=8))
def test_what_was_refused_would_not_have_fitted(capacity: Capacity, wanted: list[Task]) -> None:
    room = Room(capacity, [])
    shares: list[Share] = []
    for task in wanted:
        alone = Room(Capacity(0, Resources(2**60, 2**60, 99), tuple(map(str, range(99)))), []).take(task)
        share = room.take(task)
        assert alone is not None
        if share is None:
            narrow = capacity.slots and sum(each.slots for each in [*shares, alone]) > capacity.slots
            assert narrow or not _sum([*shares, alone]).fits_in(capacity.resources)
        else:
            shares.append(share)


@modest
@given(capacity=capacities, wanted=st.lists(tasks, max_size=8))
def test_a_tally_begun_with_what_is_taken_goes_on_like_the_one_that_took_it(
    capacity: Capacity, wanted: list[Task]
) -> None:
    room = Room(capacity, [])
    shares = [share for task in wanted[1:] if (share := room.take(task)) is not None]

    for task in wanted[:1]:
        assert Room(capacity, shares).take(task) == room.take(task)


def test_devices_are_given_out_in_the_order_in_which_they_are_named_lowest_free_first() -> None:
    capacity = Capacity.of_node(a_node(slots=0, resources={"gpu": ["a", "b", "c"]}))
    room = Room(capacity, [Share(1, Resources(gpu=1), ("b",))])

    assert [room.take(a_task(resources={"gpu": 1})) for _ in range(3)] == [
        Share(1, Resources(gpu=1), ("a",)),
        Share(1, Resources(gpu=1), ("c",)),
        None,
    ]


def test_a_node_that_declares_nothing_has_room_for_tasks_that_ask_for_nothing() -> None:
    room = Room(Capacity.of_node(a_node()), [])

    assert room.take(a_task(resources={"cpu": 0.5})) is None
    assert room.take(a_task()) == Share(1)


def _sum(shares: list[Share]) -> Resources:
    total = Resources()
    for share in shares:
        total = total.plus(share.resources)
    return total
