"""The projection of live runs says what the rows say, whatever order reservations and news came in."""

from collections import Counter

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle as Kept
from hypothesis.stateful import RuleBasedStateMachine, consumes, invariant, rule

from skalds.model.lane import LaneKey
from skalds.model.run_change import LiveRun, RunChange
from skalds.system_controller.lane_keys import UNKNOWN
from skalds.system_controller.live_runs import LiveRuns
from skalds.system_controller.usage import Load

TASKS = [f"t{number}" for number in range(3)]
SESSIONS = [("n1", 1), ("n1", 2), ("n2", 3)]
KEYS = {lane: LaneKey("t", "C", slots=lane - 1, preemptible=lane == 2) for lane in (1, 2, 3)}
LANES = {task: number + 1 for number, task in enumerate(TASKS)}


def a_run(status: str = "Assigning", attempt: int = 1, lane: int = 2) -> LiveRun:
    return LiveRun("t", attempt, status, "n1", 1, lane)


def a_change(run: LiveRun, *, holds_slot: bool = True) -> RunChange:
    return RunChange(
        position=0,
        task_id=run.task_id,
        class_name="C",
        rev=0,
        status=run.status,
        final=False,
        attempt=run.attempt,
        executor=run.node_id,
        session=run.session,
        lane=run.lane,
        holds_slot=holds_slot,
        ready=False,
    )


def contents(runs: LiveRuns) -> tuple[int, dict[tuple[str, int], Load]]:
    return len(runs), {session: runs.load_of(*session) for session in SESSIONS}


class Projection(RuleBasedStateMachine):
    """Rows and a feed beside a projection that reserves, drops, follows the feed in order, and is replaced at times."""

    reservations: Kept[tuple[list[LiveRun], list[LiveRun]]] = Kept("reservations")

    def __init__(self) -> None:
        super().__init__()
        self.rows: dict[str, LiveRun] = {}
        self.attempts: Counter[str] = Counter()
        self.feed: list[RunChange] = []
        self.read = 0
        self.open = 0
        self.runs = LiveRuns(KEYS)

    @rule(
        target=reservations, asked=st.dictionaries(st.sampled_from(TASKS), st.sampled_from(SESSIONS)), given=st.data()
    )
    def reserve(self, asked: dict[str, tuple[str, int]], given: st.DataObject) -> tuple[list[LiveRun], list[LiveRun]]:
        """Reserves what is asked for; says too which of it the commit will be told to give."""
        wanted = [
            LiveRun(task, self.attempts[task] + 1, "Assigning", *session, LANES[task])
            for task, session in asked.items()
            if task not in self.rows
        ]
        self.runs.reserve(wanted, 0)
        self.open += 1
        return wanted, [run for run in wanted if given.draw(st.booleans())]

    @rule(reservation=consumes(reservations))
    def commit_and_drop(self, reservation: tuple[list[LiveRun], list[LiveRun]]) -> None:
        """The store gives what is still there to be given; the rest is dropped."""
        wanted, willing = reservation
        given = [run for run in willing if run.task_id not in self.rows and run.attempt > self.attempts[run.task_id]]
        for run in given:
            self._store(run)
        self.runs.drop([run for run in wanted if run not in given])
        self.open -= 1

    @rule(task=st.sampled_from(TASKS), session=st.sampled_from(SESSIONS))
    def another_leader_assigns(self, task: str, session: tuple[str, int]) -> None:
        if task not in self.rows:
            self._store(LiveRun(task, self.attempts[task] + 1, "Assigning", *session, LANES[task]))

    @rule(task=st.sampled_from(TASKS), status=st.sampled_from(["Running", "Paused", "Finished", "Cancelled"]))
    def row_changes(self, task: str, status: str) -> None:
        if task in self.rows:
            self._store(self.rows[task]._replace(status=status))

    @rule(task=st.sampled_from(TASKS))
    def run_is_released(self, task: str) -> None:
        if task in self.rows:
            self.feed.append(a_change(self.rows.pop(task), holds_slot=False))

    @rule(count=st.integers(1, 5))
    def feed_is_read(self, count: int) -> None:
        for change in self.feed[self.read : self.read + count]:
            self.runs.apply(change, 0)
        self.read = min(len(self.feed), self.read + count)

    @rule()
    def rows_are_read_again(self) -> None:
        self.runs.replace(list(self.rows.values()), 0)
        self.read = len(self.feed)

    def _store(self, run: LiveRun) -> None:
        self.rows[run.task_id] = run
        self.attempts[run.task_id] = max(self.attempts[run.task_id], run.attempt)
        self.feed.append(a_change(run))

    @invariant()
    def it_equals_the_rows_once_the_feed_is_read_and_nothing_is_reserved(self) -> None:
        if self.open == 0 and self.read == len(self.feed):
            assert contents(self.runs) == self._expected()

    @invariant()
    def no_load_is_negative(self) -> None:
        assert all(load.tasks >= 0 and load.slots >= 0 for load in contents(self.runs)[1].values())

    def _expected(self) -> tuple[int, dict[tuple[str, int], Load]]:
        on = {s: [run for run in self.rows.values() if (run.node_id, run.session) == s] for s in SESSIONS}
        return len(self.rows), {s: Load(len(runs), sum(KEYS[run.lane].slots for run in runs)) for s, runs in on.items()}


TestProjection = Projection.TestCase
TestProjection.settings = settings(max_examples=60, stateful_step_count=25, deadline=None, derandomize=True)


def loaded(*runs: LiveRun) -> LiveRuns:
    live = LiveRuns(KEYS)
    live.replace(runs, 0)
    return live


def test_load_counts_tasks_and_slots_by_session() -> None:
    live = loaded(a_run(lane=3), a_run()._replace(task_id="u"), a_run()._replace(task_id="v", session=2))

    assert (live.load_of("n1", 1), live.load_of("n1", 2), live.load_of("n2", 1)) == (Load(2, 3), Load(1, 1), Load(0, 0))
    assert sorted(live.sessions()) == [("n1", 1), ("n1", 2)]
    assert list(live.tasks_of("n1", 1)) == ["t", "u"]


def test_session_without_runs_is_forgotten() -> None:
    live = loaded(a_run())
    live.apply(a_change(a_run(), holds_slot=False), 0)

    assert (len(live), list(live.sessions())) == (0, [])


def test_reading_again_tells_how_many_entries_had_been_wrong() -> None:
    live = loaded(a_run(), a_run()._replace(task_id="gone"))
    fresh = [a_run("Running"), a_run()._replace(task_id="new")]

    assert live.replace(fresh, 0) == 3
    assert live.replace(fresh, 0) == 0


def test_older_news_than_what_is_known_is_ignored() -> None:
    live = loaded(a_run(attempt=2))
    live.apply(a_change(a_run(attempt=1), holds_slot=False), 0)

    assert len(live) == 1


def test_reservation_is_not_dropped_when_the_feed_has_told_of_something_newer() -> None:
    live = LiveRuns(KEYS)
    live.reserve([a_run()], 0)
    live.apply(a_change(a_run("Running")), 1)
    live.drop([a_run()])

    assert len(live) == 1


def test_unaccepted_run_is_timed_from_when_it_was_first_seen() -> None:
    live = LiveRuns(KEYS)
    live.reserve([a_run()], 10)
    live.apply(a_change(a_run()), 12)
    live.replace([a_run()], 13)

    assert list(live.assigning_for(5, 14.9)) == []
    assert list(live.assigning_for(5, 15)) == ["t"]


def test_accepted_run_is_no_longer_timed() -> None:
    live = loaded(a_run())
    live.apply(a_change(a_run("Running")), 1)

    assert list(live.assigning_for(0, 100)) == []


def test_next_attempt_is_timed_anew() -> None:
    live = loaded(a_run())
    live.apply(a_change(a_run(attempt=2)), 20)

    assert list(live.assigning_for(5, 24)) == []


def test_dropped_reservation_stays_if_the_feed_told_that_another_leader_made_the_same_one() -> None:
    live = LiveRuns(KEYS)
    live.reserve([a_run()], 0)
    live.apply(a_change(a_run()), 1)
    live.drop([a_run()])

    assert len(live) == 1


def test_reservation_of_what_the_feed_has_told_of_is_not_one_and_cannot_be_dropped() -> None:
    live = loaded(a_run("Running"))
    live.reserve([a_run()], 1)
    live.drop([a_run()])

    assert [run.status for run in live.running()] == ["Running"]


def test_run_whose_lane_is_not_known_counts_as_one_slot_of_the_tenant_default() -> None:
    live = loaded(a_run(lane=77))

    assert live.load_of("n1", 1) == Load(1, UNKNOWN.slots)
    assert list(live.usage.tenants) == ["default"]


def test_only_accepted_runs_of_preemptible_tasks_may_be_drained() -> None:
    live = loaded(a_run("Running"), a_run("Running", lane=3)._replace(task_id="u"), a_run()._replace(task_id="v"))
    assert [(run.task_id, run.node_id, run.slots) for run in live.preemptible.views()] == [("t", "n1", 1)]

    live.apply(a_change(a_run("Paused")), 1)

    assert live.preemptible.views() == []


def test_run_that_was_asked_to_leave_is_remembered_until_its_next_attempt() -> None:
    live = loaded(a_run("Running"))
    live.preemptible.note_leaving("t", 2, "not this attempt")
    live.preemptible.note_leaving("t", 1, "urgent")
    assert [run.leaving_for for run in live.preemptible.views()] == ["urgent"]

    live.apply(a_change(a_run("Running", attempt=2)), 1)

    assert [run.leaving_for for run in live.preemptible.views()] == [None]
