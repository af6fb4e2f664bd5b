"""Sums of use follow their entries."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from skalds.model.lane import LaneKey
from skalds.model.resources import Resources
from skalds.system_controller.usage import Load, TenantUse, Usage

SESSIONS = [("n1", 1), ("n1", 2), ("n2", 3)]

keys = st.builds(
    LaneKey,
    tenant=st.sampled_from("tu"),
    class_name=st.sampled_from("AB"),
    slots=st.integers(0, 3),
    resources=st.builds(Resources, st.integers(0, 2), st.integers(0, 2), st.integers(0, 2)),
    concurrency_key=st.sampled_from([None, "k", "l"]),
)


@given(entries=st.lists(st.tuples(st.sampled_from(SESSIONS), keys)), kept=st.data())
def test_sums_are_those_of_what_was_added_and_not_removed(
    entries: list[tuple[tuple[str, int], LaneKey]], kept: st.DataObject
) -> None:
    usage = Usage()
    for session, key in entries:
        usage.add(session, key)
    stays = [entry for entry in entries if kept.draw(st.booleans())]
    for session, key in (Counter(entries) - Counter(stays)).elements():
        usage.remove(session, key)

    for session in SESSIONS:
        here = [key for place, key in stays if place == session]
        resources = Resources(*(sum(amounts) for amounts in zip(*(key.resources for key in here), strict=True)))
        assert usage.load_of(session) == Load(len(here), sum(key.slots for key in here), resources)
        for name in "AB":
            assert usage.of_class(session, name) == sum(key.class_name == name for key in here)
    tenants = {key.tenant for _, key in stays}
    assert usage.tenants == {
        name: TenantUse(
            sum(key.tenant == name for _, key in stays), sum(key.slots or 1 for _, key in stays if key.tenant == name)
        )
        for name in tenants
    }
    assert usage.keys == Counter(key.concurrency_key for _, key in stays if key.concurrency_key)
