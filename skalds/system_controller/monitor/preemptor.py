"""Asks preemptible runs to leave for urgent tasks."""

from collections.abc import Sequence

from skalds.model.lease import LeaseRow
from skalds.model.plan import Preempt
from skalds.model.run_change import Change
from skalds.model.task import Task
from skalds.planning import lifecycle
from skalds.runtime.log_setup import log_event
from skalds.system_controller.live_runs import LiveRuns
from skalds.system_controller.monitor.node_drain import leave_message
from skalds.system_controller.surroundings import Surroundings


class Preemptor:
    """Marks the assignment of a run, under the lease; its node stops the run and hands the task back uncounted."""

    def __init__(self, live_runs: LiveRuns, around: Surroundings) -> None:
        self._live_runs = live_runs
        self._engine = around.engine
        self._clock = around.clock

    async def preempt(self, preempts: Sequence[Preempt], lease: LeaseRow) -> int:
        """Returns how many runs were asked; one that has moved on meanwhile is left alone."""
        wanted = {preempt.task_id: preempt for preempt in preempts}
        if not wanted:
            return 0
        now = self._clock.wall_ms()
        changes: list[Change] = []
        for task in await self._engine.catalog.get_many(list(wanted)):
            preempt = wanted[task.id]
            asked = lifecycle.ask_to_leave(task, now, leave_for=preempt.for_task)
            if task.attempt != preempt.attempt or not isinstance(asked, Task):
                continue
            if asked is task:
                # Asked already, by a leader before us.
                leaving_for = task.assignment and task.assignment.leave_for
                self._live_runs.preemptible.note_leaving(task.id, task.attempt, leaving_for or preempt.for_task)
            else:
                changes.append(Change(task, asked))
        written = await self._engine.ledger.write(changes, durable=False, lease=lease) if changes else []
        asked_now = [change.after for change, done in zip(changes, written, strict=True) if done]
        for task in asked_now:
            preempt = wanted[task.id]
            self._live_runs.preemptible.note_leaving(task.id, task.attempt, preempt.for_task)
            log_event(
                "INFO",
                "task.preempted",
                task=task.id,
                node=task.executor,
                attempt=task.attempt,
                reason=preempt.for_task,
            )
        messages = [leave_message(task.executor or "", [task], now) for task in asked_now]
        if messages:
            await self._engine.bus.announce(messages)
        return len(asked_now)
