"""What a worker says goes out in order, progress thinned out."""

import signal
import threading

import pytest

from skalds.ports.worker_launcher import CheckpointSaved, MainStarted, Progressed, RunKey, WorkerEvent
from skalds.worker.outbox import Outbox

KEY = RunKey("t", 1)


class Line:
    """Takes events, one at a time, and not before it is told to."""

    def __init__(self, *, is_free: bool = True) -> None:
        self.events: list[WorkerEvent] = []
        self.free = threading.Event()
        self.taken = threading.Semaphore(0)
        if is_free:
            self.free.set()

    def send(self, event: WorkerEvent) -> None:
        assert self.free.wait(10)
        self.events.append(event)
        self.taken.release()


def test_what_is_kept_goes_out_before_what_is_told() -> None:
    line = Line(is_free=False)
    outbox = Outbox(line.send)
    outbox.keep_checkpoint(CheckpointSaved(KEY, 1))
    outbox.keep_progress(Progressed(KEY, 0.1, ""))
    outbox.keep_progress(Progressed(KEY, 0.2, ""))
    line.free.set()
    outbox.tell(MainStarted(KEY, 5))
    assert [type(event) for event in line.events] == [CheckpointSaved, Progressed, MainStarted]
    assert line.events[1] == Progressed(KEY, 0.2, "")


def test_a_slow_node_gets_only_the_latest_checkpoint() -> None:
    line = Line(is_free=False)
    outbox = Outbox(line.send)
    outbox.keep_checkpoint(CheckpointSaved(KEY, "first"))
    for number in range(1000):
        outbox.keep_checkpoint(CheckpointSaved(KEY, number))
    line.free.set()
    outbox.tell()
    assert len(line.events) <= 2
    assert line.events[-1] == CheckpointSaved(KEY, 999)


def test_the_last_progress_goes_out_by_itself() -> None:
    line = Line()
    outbox = Outbox(line.send)
    outbox.keep_progress(Progressed(KEY, 0.1, ""))
    assert line.taken.acquire(timeout=10)
    outbox.keep_progress(Progressed(KEY, 0.9, ""))
    assert line.taken.acquire(timeout=10)
    assert line.events == [Progressed(KEY, 0.1, ""), Progressed(KEY, 0.9, "")]


def test_a_node_that_is_gone_harms_nobody() -> None:
    def send(event: WorkerEvent) -> None:
        raise BrokenPipeError

    Outbox(send).tell(MainStarted(KEY, 5))


def test_a_signal_in_the_middle_of_a_message_waits_for_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []

    def send(event: WorkerEvent) -> None:
        assert outbox.postpones(signal.SIGTERM)
        seen.append("sent")

    outbox = Outbox(send)
    monkeypatch.setattr(signal, "raise_signal", lambda number: seen.append(f"signal {number:d}"))
    outbox.tell(MainStarted(KEY, 5))
    assert seen == ["sent", "signal 15"]
    assert not outbox.postpones(signal.SIGTERM)
