"""The queue of the memory engine against the simplest thing that could work."""

from hypothesis import given
from hypothesis import strategies as st

from skalds.adapters.memory.ready_queue import ReadyQueue
from skalds.testing import a_task

_steps = st.lists(
    st.one_of(
        st.tuples(st.just("add"), st.lists(st.integers(0, 300), max_size=80)),
        st.tuples(st.just("take heads"), st.integers(0, 60)),
        st.tuples(st.just("take out"), st.lists(st.integers(0, 300), max_size=20)),
        st.tuples(st.just("ripen"), st.integers(0, 12)),
    ),
    max_size=20,
)


@given(_steps)
def test_heads_are_what_sorting_everything_gives(steps: list[tuple[str, object]]) -> None:
    queue = ReadyQueue(ageing_step_ms=10)
    waiting: dict[str, tuple[int, int]] = {}
    now = 5
    for step in steps:
        match step:
            case ("add", list(numbers)):
                for number in numbers:
                    id_ = f"task-{number}"
                    if id_ not in waiting:
                        eligible_at, priority = number * 7 % 11, number % 3
                        queue.add(a_task(id=id_, eligible_at=eligible_at, priority=priority), 1, now)
                        waiting[id_] = (eligible_at, eligible_at - priority * 10)
            case ("take heads", int(limit)):
                gone = [head.id for head in queue.heads(1, limit)]
                queue.take_out(gone)
                for id_ in gone:
                    del waiting[id_]
            case ("take out", list(numbers)):
                queue.take_out([f"task-{number}" for number in numbers])
                for number in numbers:
                    waiting.pop(f"task-{number}", None)
            case ("ripen", int(moment)):
                now = max(now, moment)
                stood_before = len(queue)
                lanes, next_due = queue.ripen(now)
                assert next_due == min((at for at, _ in waiting.values() if at > now), default=None)
                assert lanes == ({1} if len(queue) > stood_before else set())
        ready = sorted((rank, id_) for id_, (at, rank) in waiting.items() if at <= now)
        assert [(head.rank, head.id) for head in queue.heads(1, 1_000)] == ready
        assert len(queue) == len(ready)
        assert queue.lanes() == ([1] if ready else [])
        assert queue.ready_in(1) == len(ready)
