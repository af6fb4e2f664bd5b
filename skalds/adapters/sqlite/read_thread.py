"""The thread that reads, on a connection of its own."""

import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from queue import Empty, SimpleQueue

import apsw

from skalds.adapters.sqlite.commit_group import CommitGroup, Job

Tell = Callable[[Sequence[Job]], None]


class ReadThread:
    """Answers questions while writes are on their way to the disk: a pass that waits for each commit is a slow one.

    SQLite lets readers go on during a commit; each question sees everything that was committed before it was asked.
    """

    def __init__(self, connection: apsw.Connection, path: str, tell: Tell) -> None:
        self._group = CommitGroup(connection, path)
        self._connection = connection
        self._tell = tell
        self._questions: SimpleQueue[Job | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._serve, name="skalds-sqlite-reads", daemon=True)
        self._thread.start()

    def ask(self, job: Job) -> None:
        self._questions.put(job)

    def close(self) -> None:
        """Lets everything that was asked be answered, then ends the thread."""
        self._questions.put(None)
        self._thread.join()

    def _serve(self) -> None:
        while waiting := self._gather():
            asked = [job for job in waiting if job is not None and not job.future.cancelled()]
            for job in asked:
                self._group.read(job)
            self._tell(asked)
            if len(asked) < len(waiting) and None in waiting:
                break
        self._connection.close(True)

    def _gather(self) -> Sequence[Job | None]:
        """All questions that wait, at least one; None among them is the end."""
        waiting = [self._questions.get()]
        with suppress(Empty):
            while True:
                waiting.append(self._questions.get_nowait())
        return waiting
