"""The core as a whole: planner and life cycle against a model that only watches, in any order of events."""

import random
from collections import Counter
from dataclasses import replace
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from skalds.model.lane import LaneKey, lane_key, rank
from skalds.model.policy import DEFAULT_KEY_LIMIT
from skalds.model.resources import NO_RESOURCES, Resources, resources_of
from skalds.model.snapshot import ClusterSnapshot, KeyView, LaneView, NodeView, QueuedTask, TenantView
from skalds.model.task import Assignment, Task
from skalds.planning import lifecycle
from skalds.planning.lifecycle import MAX_LOSSES, Refused, Stage, is_allowed, stage_of
from skalds.testing import a_task
from tests.unit.planning.clusters import NOW, STEP, node, plan, seeds, strategy_names
from tests.unit.planning.histories import AN_ERROR
from tests.unit.planning.oracle import may_take

choices = st.integers(0, 999)
OFFER = Resources(cpu=4000)


class Core(RuleBasedStateMachine):
    """Tasks and nodes as a store would hold them; every write is checked against the version before."""

    def __init__(self) -> None:
        super().__init__()
        self.now = NOW
        self.tasks: dict[str, Task] = {}
        self.nodes: dict[str, NodeView] = {"n0": node("n0", resources=OFFER)}
        self.tenants: dict[str, TenantView] = {}
        self.key_limit = DEFAULT_KEY_LIMIT
        self.last_start: dict[str, int] = {}
        self.cancelled: set[str] = set()
        self.is_settled = True

    # What happens -----------------------------------------------------------------------------------------------------

    @rule(tenant=st.sampled_from("tu"), priority=st.sampled_from([0, 0, 5, 10]), slots=st.integers(0, 2),
          cpu=st.sampled_from([0, 0, 2]), key=st.sampled_from([None, None, "k"]), most=st.integers(0, 3),
          count=st.integers(1, 9))  # fmt: skip
    def submit(self, count: int, most: int, cpu: int, key: str | None, **fields: Any) -> None:
        for _ in range(count):
            name = f"task-{len(self.tasks):03}"
            self.tasks[name] = a_task(
                id=name, class_name="C", eligible_at=self.now, max_attempts=most, concurrency_key=key,
                resources={"cpu": cpu} if cpu else {}, **fields,
            )  # fmt: skip
        self.is_settled = False

    @rule(name=strategy_names)
    def plan_and_commit(self, name: str) -> None:
        while True:
            found = plan(self.snapshot(), name)
            for assign in found.assignments:
                task = self.tasks[assign.task_id]
                assert task.is_waiting
                assert task.eligible_at <= self.now
                assert task.attempt == assign.attempt
                assert task.id not in self.cancelled, "S9"
                view = self.nodes[assign.node_id]
                assert view.online
                assert not view.cordoned, "S10"
                self.write(_assigned(task, view, self.now))
                self.last_start[task.tenant] = self.now
                self.check_limits(task)
            if found.complete:
                break
        self.is_settled = True

    @rule(name=strategy_names, seed=seeds)
    def work_for_a_while(self, name: str, seed: int) -> None:
        """Hypothesis alone seldom gets a cluster busy."""
        chance = random.Random(seed)
        events = [self.accept, self.finish, self.fail, self.refuse, self.hand_back]
        for _ in range(12):
            for event in chance.choices(events, [6, 3, 3, 1, 1], k=3):
                event(choice=chance.randrange(1000))
            self.pass_time(milliseconds=chance.choice([1, 1000, STEP]))
            self.plan_and_commit(name=name)

    @rule(milliseconds=st.sampled_from([1, 1000, STEP, 700_000]))
    def pass_time(self, milliseconds: int) -> None:
        self.now += milliseconds
        self.is_settled = False

    @rule(choice=choices)
    def accept(self, choice: int) -> None:
        self.move(choice, [Stage.ASSIGNING], lifecycle.accept)

    @rule(choice=choices)
    def refuse(self, choice: int) -> None:
        self.move(choice, [Stage.ASSIGNING], lifecycle.refuse)

    @rule(choice=choices)
    def finish(self, choice: int) -> None:
        ended = self.move(
            choice, [Stage.RUNNING, Stage.PAUSED], lifecycle.finish, result=1, started=None, ended=self.now
        )
        self.let_go(ended)

    @rule(choice=choices)
    def fail(self, choice: int) -> None:
        facts = {"error": AN_ERROR, "started": None, "ended": self.now, "jitter": 0.5}
        ended = self.move(choice, [Stage.RUNNING, Stage.PAUSED], lifecycle.fail, **facts)
        self.let_go(ended)

    @rule(choice=choices)
    def hand_back(self, choice: int) -> None:
        self.move(choice, [Stage.RUNNING, Stage.PAUSED], lifecycle.hand_back)

    @rule(choice=choices)
    def stop_what_was_cancelled(self, choice: int) -> None:
        held = [task for task in self.tasks.values() if task.holds_slot and stage_of(task) is Stage.CANCELLED]
        if held:
            self.let_go(held[choice % len(held)].id)

    @rule(choice=choices)
    def pause(self, choice: int) -> None:
        self.move(choice, list(Stage), lifecycle.pause)

    @rule(choice=choices)
    def resume(self, choice: int) -> None:
        self.move(choice, [Stage.PAUSED, Stage.PARKED], lifecycle.resume)

    @rule(choice=choices)
    def cancel(self, choice: int) -> None:
        name = self.move(choice, list(Stage), lifecycle.cancel)
        if name is not None and stage_of(self.tasks[name]) is Stage.CANCELLED:
            self.cancelled.add(name)

    @rule(choice=choices)
    def requeue(self, choice: int) -> None:
        name = self.move(choice, [Stage.FAILED, Stage.RETRYING, Stage.CANCELLED, Stage.FINISHED], lifecycle.requeue)
        self.cancelled.discard(name or "")

    @rule(tenant=st.sampled_from("tu"), weight=st.sampled_from([0.5, 1.0, 4.0]), most=st.sampled_from([None, 1, 2, 9]))
    def grant(self, tenant: str, weight: float, most: int | None) -> None:
        self.tenants[tenant] = TenantView(weight, most)
        self.is_settled = False

    @rule(limit=st.integers(1, 3))
    def limit_key(self, limit: int) -> None:
        self.key_limit = limit
        self.is_settled = False

    @precondition(lambda self: len(self.nodes) < 5)
    @rule(slots=st.integers(0, 4))
    def join(self, slots: int) -> None:
        name = f"n{max((int(name[1:]) for name in self.nodes), default=-1) + 1}"
        self.nodes[name] = node(name, slots=slots, resources=OFFER)
        self.is_settled = False

    @precondition(lambda self: self.nodes)
    @rule(choice=choices, cordoned=st.booleans())
    def cordon(self, choice: int, cordoned: bool) -> None:
        name = sorted(self.nodes)[choice % len(self.nodes)]
        self.nodes[name] = replace(self.nodes[name], cordoned=cordoned)
        self.is_settled = False

    @precondition(lambda self: self.nodes)
    @rule(choice=choices)
    def lose_node(self, choice: int) -> None:
        name = sorted(self.nodes)[choice % len(self.nodes)]
        del self.nodes[name]
        for task in list(self.tasks.values()):
            if task.holds_slot and task.executor == name:
                self.write(lifecycle.lose(task, self.now))

    # What must hold ---------------------------------------------------------------------------------------------------

    @invariant()
    def no_node_is_over_its_capacity(self) -> None:
        for view in self.loaded_nodes():
            assert view.slots == 0 or view.used_slots <= view.slots, "S11"
            assert view.used_resources.fits_in(view.resources), "S11"

    @invariant()
    def live_runs_are_on_nodes_that_are_there(self) -> None:
        assert {task.executor for task in self.tasks.values() if task.holds_slot} <= self.nodes.keys()

    @invariant()
    def failures_and_losses_keep_to_their_limits(self) -> None:
        for task in self.tasks.values():
            assert task.losses <= MAX_LOSSES, "S8"
            assert task.max_attempts == 0 or task.failures <= task.max_attempts, "S8"

    @invariant()
    def nothing_waits_beside_room_after_a_complete_plan(self) -> None:
        if not self.is_settled:
            return
        shown = self.snapshot()
        running = {name: (view.running, view.max_running) for name, view in shown.tenants.items()}
        for view in shown.lanes:
            live, most = running[view.key.tenant]
            free_key = view.key.concurrency_key is None or shown.keys["k"].running < self.key_limit
            if free_key and (most is None or live < most):
                assert not [one.id for one in shown.nodes if may_take(one, view.key) and _has_room(one, view.key)], "L8"

    # Parts ------------------------------------------------------------------------------------------------------------

    def move(self, choice: int, stages: list[Stage], make: Any, **facts: Any) -> str | None:
        """Makes one task of these stages move, if the life cycle lets it; returns its id."""
        candidates = sorted(task.id for task in self.tasks.values() if stage_of(task) in stages)
        if not candidates:
            return None
        task = self.tasks[candidates[choice % len(candidates)]]
        after = make(task, self.now, **facts)
        if isinstance(after, Refused):
            return None
        if after is not task:
            self.write(after)
        return task.id

    def let_go(self, name: str | None) -> None:
        if name is not None and self.tasks[name].holds_slot:
            self.write(lifecycle.release(self.tasks[name], self.now))

    def check_limits(self, started: Task) -> None:
        live = [task for task in self.tasks.values() if task.holds_slot]
        most = self.tenants.get(started.tenant, TenantView()).max_running
        assert most is None or sum(task.tenant == started.tenant for task in live) <= most, "S11"
        if started.concurrency_key is not None:
            assert sum(task.concurrency_key == started.concurrency_key for task in live) <= self.key_limit

    def write(self, after: Task) -> None:
        before = self.tasks[after.id]
        assert is_allowed(before, after), f"S7: {stage_of(before)} to {stage_of(after)}"
        assert after.attempt >= before.attempt, "S7"
        self.tasks[after.id] = after
        self.is_settled = False

    def loaded_nodes(self) -> list[NodeView]:
        load = dict(self.nodes)
        for task in self.tasks.values():
            if task.holds_slot and task.executor in load:
                view = load[task.executor]
                load[task.executor] = replace(
                    view,
                    live_tasks=view.live_tasks + 1,
                    used_slots=view.used_slots + task.slots,
                    used_resources=view.used_resources.plus(resources_of(task.resources)),
                )
        return list(load.values())

    def snapshot(self) -> ClusterSnapshot:
        lanes: dict[LaneKey, list[QueuedTask]] = {}
        for task in self.tasks.values():
            if task.is_waiting and task.eligible_at <= self.now:
                place = rank(task.eligible_at, task.priority, STEP)
                lanes.setdefault(lane_key(task), []).append(QueuedTask(place, task.id, task.attempt))
        views = [
            LaneView(number, key, sorted(tasks)[:3], more=len(tasks) > 3)
            for number, (key, tasks) in enumerate(lanes.items())
        ]
        live = [task for task in self.tasks.values() if task.holds_slot]
        running, use = Counter(task.tenant for task in live), Counter[str]()
        for task in live:
            use[task.tenant] += task.slots
        tenants = {
            name: replace(self.tenants.get(name, TenantView()), running=running[name], used_slots=use[name],
                          last_start=self.last_start.get(name, 0))
            for name in "tu"
        }  # fmt: skip
        key = KeyView(self.key_limit, sum(task.concurrency_key == "k" for task in live))
        return ClusterSnapshot(self.now, self.loaded_nodes(), views, tenants, {"k": key}, (), STEP)


def _assigned(task: Task, view: NodeView, now: int) -> Task:
    """What a commit writes."""
    assignment = Assignment(
        id=f"a-{task.rev}", skald_id=view.id, session=view.session, term=1, assigned_at=now, accept_by=now + 5000
    )
    return task.changed(
        now,
        lifecycle_status="Assigning",
        attempt=task.attempt + 1,
        executor=view.id,
        assignment=assignment,
        released_at=None,
    )


def _has_room(view: NodeView, key: LaneKey) -> bool:
    if view.slots and view.used_slots + key.slots > view.slots:
        return False
    return key.resources == NO_RESOURCES or view.used_resources.plus(key.resources).fits_in(view.resources)


TestCore = Core.TestCase
TestCore.settings = settings(max_examples=80, stateful_step_count=50, deadline=None, derandomize=True)
