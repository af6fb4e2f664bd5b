"""Whatever users, operators, monitors and workers do, a node launches each attempt once and frees every slot."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from skalds.model.task import RunError, Task
from skalds.planning import lifecycle
from skalds.planning.lifecycle import Refused, is_allowed
from skalds.ports.worker_launcher import Gone, Reported, RunKey, RunOutcome, WorkerEvent, WorkerSignal
from tests.unit.node.bench import Bench
from tests.unit.node.rows import assigned

Move = Callable[[Task, int], Task | Refused]

SLOTS = 3
OPERATORS: list[Move] = [
    lifecycle.cancel,
    lifecycle.requeue,
    lifecycle.pause,
    lifecycle.resume,
    partial(lifecycle.ask_to_leave, leave_for="urgent"),
]
DEVICES = ("0", "1")
names = st.sampled_from(["a", "b", "c"])


@dataclass
class Process:
    """A worker process: alive from its launch to its `Gone`."""

    slots: int
    devices: tuple[str, ...]
    last_signals: list[WorkerSignal] = field(default_factory=list)


class NodeLife(RuleBasedStateMachine):
    """The supervisor in its world; every version of every row is checked against the life cycle."""

    def __init__(self) -> None:
        super().__init__()
        self.bench = Bench(slots=SLOTS, resources={"gpu": list(DEVICES)})
        self.rows = self.bench.rows
        self.seen: dict[str, Task] = {}
        self.processes: dict[RunKey, Process] = {}
        self.ever_launched: set[RunKey] = set()
        self.events: list[WorkerEvent] = []
        self.now = 0
        self.followed_at = -1

    @rule(name=names, slots=st.integers(0, 2), gpus=st.integers(0, 2), timeout=st.sampled_from([0, 0, 5000]))
    def dispatcher_assigns(self, name: str, slots: int, gpus: int, timeout: int) -> None:
        task = self.rows.of.get(name)
        if task is None:
            wanted = {"gpu": gpus} if gpus else {}
            self.rows.of[name] = assigned(name, slots=slots, resources=wanted, timeout_ms=timeout, max_attempts=0)
        elif task.is_waiting:
            self.rows.put(name, lifecycle_status="Assigning", attempt=task.attempt + 1, executor="node-1",
                          assignment=assigned().assignment, released_at=None)  # fmt: skip

    @rule(name=names, move=st.sampled_from(OPERATORS))
    def operator_moves(self, name: str, move: Move) -> None:
        if name in self.rows.of and not isinstance(move(self.rows.of[name], self.now), Refused):
            self.rows.move(name, move, self.now)

    @rule(name=names)
    def monitor_takes_back(self, name: str) -> None:
        if name in self.rows.of and self.rows.of[name].holds_slot:
            self.rows.move(name, lifecycle.lose, self.now)

    @rule(name=names)
    def attachments_change(self, name: str) -> None:
        if name in self.rows.of and not self.rows.of[name].final:
            self.rows.put(name, attachments_rev=self.rows.of[name].attachments_rev + 1)

    @precondition(lambda self: self.processes)
    @rule(choice=st.integers(0, 9), outcome=st.sampled_from(RunOutcome))
    def worker_reports(self, choice: int, outcome: RunOutcome) -> None:
        error = RunError(type="E", message="") if outcome is RunOutcome.FAILED else None
        self.events.append(Reported(self._process(choice), outcome, self.now, error=error))

    @precondition(lambda self: self.processes)
    @rule(choice=st.integers(0, 9), status=st.sampled_from([0, 1, -9]))
    def worker_goes(self, choice: int, status: int) -> None:
        key = self._process(choice)
        del self.processes[key]
        self.events.append(Gone(key, status))

    @rule(passing=st.sampled_from([0, 0, 1, 10]))
    def node_works(self, passing: int) -> None:
        self._note(passing)
        self.bench.read()
        self.bench.settle(self.now)
        self._follow()

    @rule(name=names, move=st.sampled_from([*OPERATORS, lifecycle.lose]))
    def somebody_else_writes_between_reading_and_writing(self, name: str, move: Move) -> None:
        self._note(0)
        self.bench.read()
        changes = self.bench.supervisor.changes(self.now)
        if name in self.rows.of and (move is not lifecycle.lose or self.rows.of[name].holds_slot):
            self.operator_moves(name, move)
        written = self.rows.write(changes)
        launches = self.bench.supervisor.settle(changes, written, self.now)
        self.bench.launched += [RunKey(task.id, task.attempt) for task in launches]
        self._follow()

    @rule(happened=st.booleans())
    def write_has_no_answer(self, happened: bool) -> None:
        self._note(0)
        self.bench.read()
        changes = self.bench.supervisor.changes(self.now)
        if happened:
            self.rows.write(changes)

    @rule(die=st.integers(1, 12))
    def node_rarely_stops_what_runs(self, die: int) -> None:
        if die == 12:
            self.bench.supervisor.stop_all()

    @invariant()
    def no_attempt_is_launched_twice(self) -> None:
        assert len(self.bench.launched) == len(set(self.bench.launched))

    @invariant()
    def processes_never_exceed_the_capacity(self) -> None:
        assert sum(process.slots for process in self.processes.values()) <= SLOTS

    @invariant()
    def no_device_has_two_processes(self) -> None:
        busy = [device for process in self.processes.values() for device in process.devices]
        assert len(busy) == len(set(busy))
        assert set(busy) <= set(DEVICES)

    @invariant()
    def nothing_that_was_due_is_left_undone(self) -> None:
        moment = self.bench.supervisor.next_moment()
        assert moment is None or moment > self.followed_at

    @invariant()
    def every_version_follows_from_the_one_before(self) -> None:
        for name, task in self.rows.of.items():
            before = self.seen.get(name, task)
            assert task.attempt >= before.attempt
            assert task.rev >= before.rev
            if task.rev == before.rev + 1:
                assert is_allowed(before, task)
            self.seen[name] = task

    def teardown(self) -> None:
        """Once every process is gone, the node has freed every slot it was given, in a few rounds."""
        self.events += [Gone(key, -9) for key in self.processes]
        self.processes.clear()
        self.bench.supervisor.stop_all()
        for _ in range(3):
            self.node_works(0)
        assert list(self.rows.mine()) == []
        assert self.bench.supervisor.live_tasks == 0

    def _process(self, choice: int) -> RunKey:
        return list(self.processes)[choice % len(self.processes)]

    def _note(self, passing: int) -> None:
        self.now += passing
        self.bench.clock = self.now
        self.bench.supervisor.note(self.events)
        self.events = []

    def _follow(self) -> None:
        """Starts the processes just launched, and signals those that must end."""
        self.followed_at = self.now
        for key in self.bench.launched:
            if key not in self.ever_launched:
                assert (self.rows.of[key.task_id].lifecycle_status, self.rows.of[key.task_id].attempt) == (
                    "Running", key.attempt,
                )  # fmt: skip
                self.ever_launched.add(key)
                task = self.rows.of[key.task_id]
                self.processes[key] = Process(task.slots, task.runs[-1].devices)
                assert len(task.runs[-1].devices) == task.resources.get("gpu", 0)
        for key, signal in self.bench.supervisor.stops(self.now):
            if key in self.processes:
                assert signal not in self.processes[key].last_signals
                self.processes[key].last_signals.append(signal)


TestNodeLife = NodeLife.TestCase
TestNodeLife.settings = settings(max_examples=80, stateful_step_count=30, deadline=None, derandomize=True)
