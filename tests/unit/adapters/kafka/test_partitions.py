"""Where the messages to a node are."""

from hypothesis import given
from hypothesis import strategies as st

from skalds.adapters.kafka.partitions import Partitions, partition_of

counts = st.integers(1, 500)
node_ids = st.text(max_size=20)


def test_partition_never_changes_between_versions() -> None:
    assert [partition_of(id_, 64) for id_ in ("node-1", "node-2", "né", "")] == [31, 37, 57, 0]


@given(node_ids, counts)
def test_any_text_has_a_partition(node_id: str, count: int) -> None:
    assert 0 <= partition_of(node_id, count) < count


@given(node_ids, counts, counts, st.booleans())
def test_sender_and_node_meet_when_only_one_of_them_knows_of_growth(
    node_id: str, before: int, growth: int, sender_knows: bool
) -> None:
    old = Partitions({"t": before}).after(Partitions({}))
    new = Partitions({"t": before + growth}).after(old)
    writes, reads = (new, old) if sender_knows else (old, new)

    assert set(writes.of("t", node_id)) & set(reads.of("t", node_id))


@given(node_ids, counts, counts)
def test_both_use_the_new_partition_when_both_know(node_id: str, before: int, growth: int) -> None:
    new = Partitions({"t": before + growth}).after(Partitions({"t": before}))

    assert new.of("t", node_id)[0] == partition_of(node_id, before + growth)


def test_partitions_that_are_gone_are_not_used() -> None:
    smaller = Partitions({"t": 2}).after(Partitions({"t": 1_000}))

    assert all(number < 2 for id_ in map(str, range(100)) for number in smaller.of("t", id_))


def test_nothing_is_written_to_a_partition_without_leader() -> None:
    here = partition_of("node-1", 4)
    led = Partitions({"t": 4})
    leaderless = Partitions({"t": 4}, frozenset({("t", here)}))

    assert led.led("t", "node-1") == (here,)
    assert leaderless.led("t", "node-1") == ()
    assert Partitions({"t": 4}, frozenset({("other", here)})).led("t", "node-1") == (here,)
