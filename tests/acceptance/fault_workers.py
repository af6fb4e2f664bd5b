"""The worker of the fault tests: it leaves a trace of every entry into user code."""

import os
import time
from pathlib import Path

from pydantic import BaseModel

from skalds import Skalds
from skalds.worker.baseclass import BaseTaskWorker, run_main_handler

ENTRIES = "entries"
GO = "go"


class Folder(BaseModel):
    """Where the trace is left, and where `go` appears once runs may end."""

    folder: Path


class Entered(BaseTaskWorker[Folder]):
    """Appends `<task> <attempt>` to a file on entry, then waits for `go`."""

    folder = Path()

    def initialize(self, data: Folder) -> None:
        self.folder = data.folder

    @run_main_handler
    def main(self) -> int:
        # One write of one line: appended as a whole, whoever else writes, and whatever kills this process next.
        trace = os.open(self.folder / ENTRIES, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        os.write(trace, f"{self.task_id} {self.attempt}\n".encode())
        os.close(trace)
        while not (self.folder / GO).exists():
            time.sleep(0.02)
        return self.attempt


app = Skalds()
app.register_task_worker(Entered)
app.run()
