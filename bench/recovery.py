"""How soon the task of a lost node runs elsewhere."""

import signal
import time
from collections.abc import Sequence

from bench.figure import Figure
from bench.system import MeasuredSystem, running_system
from skalds.testing.waiting import wait_for

RUNS = 3


def measure() -> Sequence[Figure]:
    """Kills the node that runs a task, then, separately, freezes it so that only its silence tells."""
    exits = [_lose(signal.SIGKILL) for _ in range(RUNS)]
    silences = [_lose(signal.SIGSTOP)]
    return [
        Figure("node process killed to its task running elsewhere", "s", exits, 2),
        Figure("node silent to its task running elsewhere", "s", silences, 12),
    ]


def _lose(how: signal.Signals) -> float:
    """Seconds from the signal to the task's next run on another node."""
    with running_system(nodes=3, slots=1) as system:
        task_id = system.submit("Nap")
        wait_for(lambda: _runs(system, task_id, attempt=1), 10)
        lost = str(system.task(task_id)["executor"])
        system.processes.kill(lost, how)
        started = time.perf_counter()
        wait_for(lambda: _runs(system, task_id, attempt=2), 30)
        seconds = time.perf_counter() - started
        if how is signal.SIGSTOP:
            system.processes.kill(lost)
        return seconds


def _runs(system: MeasuredSystem, task_id: str, attempt: int) -> bool:
    task = system.task(task_id)
    return bool(task["lifecycleStatus"] == "Running" and task["attempt"] == attempt)
