"""Sequences of operations on a store, for properties that hold whatever happens."""

from typing import Any

from hypothesis import strategies as st

from skalds.model.plan import WaitReason
from skalds.model.task import Progress, RunError, RunRecord, TaskLifecycleStatus
from skalds.testing.builders import A_MOMENT

IDS = [f"task-{number}" for number in range(12)]
NODES = ["node-1", "node-2"]

_DEADLINES = [None, None, 0, 1_000, 1_001, A_MOMENT + 500]

submitted: st.SearchStrategy[dict[str, Any]] = st.builds(
    dict,
    id=st.sampled_from(IDS),
    tenant=st.sampled_from(["a", "b"]),
    class_name=st.sampled_from(["Demo", "Other"]),
    priority=st.integers(0, 2),
    slots=st.integers(0, 2),
    mode=st.sampled_from(["Passive", "Passive", "Passive", "Active"]),
    create_date_time=st.integers(1, 3),
    eligible_at=st.sampled_from([A_MOMENT - 5, A_MOMENT, A_MOMENT + 1_000, A_MOMENT + 2_000]),
    idempotency_key=st.sampled_from([None, None, None, "key-1", "key-2"]),
    attachments=st.sampled_from([None, {"a": 1}, [], "text"]),
    deadline_date_time=st.sampled_from(_DEADLINES),
    affinity_key=st.sampled_from([None, None, "site"]),
    dependencies=st.sampled_from([None, None, [], ["none"]]) | st.lists(st.sampled_from(IDS), max_size=3),
)
_limits = st.dictionaries(st.sampled_from(["a", "b"]), st.integers(0, 6))
_changed = st.fixed_dictionaries(
    {},
    optional={
        "lifecycle_status": st.sampled_from([status.value for status in TaskLifecycleStatus]),
        "final": st.booleans(),
        "executor": st.sampled_from([None, *NODES]),
        "released_at": st.sampled_from([None, 7]),
        "eligible_at": st.sampled_from([A_MOMENT, A_MOMENT + 1_500]),
        "attempt": st.integers(0, 3),
        "failures": st.integers(0, 3),
        "priority": st.integers(0, 2),
        "deadline_date_time": st.sampled_from(_DEADLINES),
        "pinned_to": st.sampled_from([None, "node-2"]),
        "assignment": st.none(),
        "attachments": st.sampled_from([None, {"a": 2}, 0]),
        "result": st.sampled_from([None, {}, False, "done"]),
        "progress": st.sampled_from([None, Progress(fraction=0.5)]),
        "error": st.sampled_from([None, RunError(type="E", message="m")]),
        "checkpoint": st.sampled_from([None, [1]]),
        "runs": st.sampled_from([(), (RunRecord(attempt=1, node="n", submitted=1, assigned=2),)]),
    },
)
_ended = st.fixed_dictionaries(
    {
        "lifecycle_status": st.sampled_from(["Finished", "Finished", "Failed", "Cancelled"]),
        "final": st.just(True),
        "executor": st.none(),
    }
)
_pick = st.integers(0, 20)
"""Which of the tasks there are; the same number is the same task while none is added."""

operations = st.lists(
    st.one_of(
        st.tuples(st.just("submit"), st.lists(submitted, max_size=3)),
        st.tuples(st.just("submit_limited"), st.tuples(st.lists(submitted, max_size=3), _limits)),
        st.tuples(st.just("write"), st.lists(st.tuples(_pick, st.just(0), _ended), min_size=1, max_size=3)),
        st.tuples(st.just("claim"), st.lists(st.tuples(_pick, st.sampled_from([0, 0, 1])), max_size=4)),
        st.tuples(st.just("claim_heads"), st.integers(1, 3)),
        st.tuples(st.just("write"), st.lists(st.tuples(_pick, st.sampled_from([0, 0, 0, -1]), _changed), max_size=3)),
        st.tuples(st.just("write"), st.lists(st.tuples(_pick, st.just(0), _changed), min_size=1, max_size=2)),
        st.tuples(st.just("advance"), st.sampled_from([0.0, 0.5, 1.0])),
        st.tuples(st.just("ripen"), st.none()),
        st.tuples(st.just("take"), st.sampled_from(["one", "one", "two"])),
        st.tuples(st.just("resign"), st.none()),
        st.tuples(st.just("trim"), st.integers(0, 5)),
        st.tuples(st.just("note"), st.sampled_from([None, WaitReason.PINNED])),
        st.tuples(st.just("register"), st.sampled_from(NODES)),
        st.tuples(st.just("leave"), st.tuples(st.sampled_from(NODES), st.integers(1, 4))),
        st.tuples(st.just("begin_leaving"), st.tuples(st.sampled_from(NODES), st.integers(1, 4))),
        st.tuples(st.just("forget"), st.tuples(st.sampled_from([4, 6, 2**52]), st.sampled_from([0, 2**52]))),
    ),
    min_size=3,
    max_size=30,
)
