"""Beats as the hash holds them."""

from hypothesis import given
from hypothesis import strategies as st

from skalds.adapters.redis.beat_format import presence_from, to_value
from skalds.model.node import Beat, Presence

beats = st.builds(
    Beat,
    node_id=st.text(st.characters(exclude_categories=["Cs"]), max_size=128),
    session=st.integers(1, 2**53),
    count=st.integers(0, 2**53),
    live_tasks=st.integers(0, 10_000),
    draining=st.booleans(),
    machine_load=st.none() | st.floats(0, 1),
)


@given(beats, st.booleans())
def test_what_is_written_is_read(beat: Beat, exited: bool) -> None:
    assert presence_from(str(beat.session).encode(), to_value(beat, exited=exited)) == Presence(beat, exited)


@given(st.binary(max_size=50), st.binary(max_size=200))
def test_anything_else_is_ignored(field: bytes, value: bytes) -> None:
    assert presence_from(field, value) is None


@given(st.integers(1, 10), st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists, max_leaves=5))
def test_other_json_is_ignored(session: int, value: object) -> None:
    assert presence_from(str(session).encode(), repr(value).encode(errors="replace")) is None


def test_key_of_a_later_version_is_borne() -> None:
    value = to_value(Beat("node-1", 7, 1)).replace(b"{", b'{"later":[],', 1)

    assert presence_from(b"7", value) == Presence(Beat("node-1", 7, 1))
