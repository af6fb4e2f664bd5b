"""What a worker has to say: facts at once, progress and checkpoints by a thread that spares user code the waiting."""

import signal
import threading
import time
from collections import deque
from collections.abc import Callable
from queue import Empty, SimpleQueue

from skalds.ports.worker_launcher import CheckpointSaved, Progressed, WorkerEvent

PROGRESS_INTERVAL = 0.25
"""Seconds between two progress messages; in between the latest waits."""


class Outbox:
    """Sends events in order, except that of progress and of checkpoints only the latest is kept.

    The `keep` methods may be called by any thread and by a signal handler that interrupts one of them: what they use is
    re-entrant, and they never wait. `tell` is for the run's own thread and waits until the node has room.
    """

    def __init__(self, send: Callable[[WorkerEvent], None]) -> None:
        self._send = send
        self._line = threading.Lock()
        self._progress: deque[Progressed] = deque(maxlen=1)
        self._checkpoint: deque[CheckpointSaved] = deque(maxlen=1)
        self._next_progress_at = 0.0
        self._notes: SimpleQueue[None] = SimpleQueue()
        self._is_woken = False
        self._thread: threading.Thread | None = None
        self._is_telling = False
        self._postponed: int | None = None

    def tell(self, *events: WorkerEvent) -> None:
        """Sends what is kept, then these."""
        self._is_telling = True
        try:
            with self._line:
                self._send_checkpoint()
                self._send_progress()
                for event in events:
                    self._try_send(event)
        finally:
            self._is_telling = False
        if self._postponed is not None:
            number, self._postponed = self._postponed, None
            signal.raise_signal(number)

    def postpones(self, number: int) -> bool:
        """Whether a signal that has just come must wait for half a message to be completed; it is raised again then."""
        if self._is_telling:
            self._postponed = number
        return self._is_telling

    def keep_progress(self, event: Progressed) -> None:
        """Sends this in a moment, unless a newer one comes."""
        self._progress.append(event)
        self._wake()

    def keep_checkpoint(self, event: CheckpointSaved) -> None:
        """Sends this at once, or a newer one if the node is slow to listen."""
        self._checkpoint.append(event)
        self._wake()

    def _wake(self) -> None:
        # Most runs never say anything in between, and a thread is a good part of what starting a run costs.
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name="skalds-outbox", daemon=True)
            self._thread.start()
        # One note is enough for any number of calls.
        if not self._is_woken:
            self._is_woken = True
            self._notes.put(None)

    def _work(self) -> None:
        while True:
            self._wait()
            self._is_woken = False
            with self._line:
                self._send_checkpoint()
                if time.monotonic() >= self._next_progress_at:
                    self._send_progress()

    def _wait(self) -> None:
        wait = max(0.0, self._next_progress_at - time.monotonic()) if self._progress else None
        try:
            self._notes.get(timeout=wait)
        except Empty:
            return

    def _send_checkpoint(self) -> None:
        if self._checkpoint:
            self._try_send(self._checkpoint.popleft())

    def _send_progress(self) -> None:
        if self._progress:
            self._next_progress_at = time.monotonic() + PROGRESS_INTERVAL
            self._try_send(self._progress.popleft())

    def _try_send(self, event: WorkerEvent) -> None:
        try:
            self._send(event)
        except OSError:
            # The node is gone, and this process will be killed with it; until then user code need not notice.
            return
