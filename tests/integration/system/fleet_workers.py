"""The worker of the tests of whole fleets; a script as a user would write it."""

import time
from pathlib import Path

from pydantic import BaseModel

from skalds import Skalds
from skalds.worker.baseclass import BaseTaskWorker, run_main_handler


class Marked(BaseModel):
    """Where to leave marks, and how long to work (s)."""

    folder: Path
    seconds: float = 0.0


class Marking(BaseTaskWorker[Marked]):
    """Adds a line to `<task>.<attempt>` when it starts, and returns its attempt."""

    data: Marked

    def initialize(self, data: Marked) -> None:
        self.data = data

    @run_main_handler
    def main(self) -> int:
        with (self.data.folder / f"{self.task_id}.{self.attempt}").open("a") as marks:
            marks.write("started\n")
        time.sleep(self.data.seconds)
        return self.attempt


app = Skalds()
app.register_task_worker(Marking)

if __name__ == "__main__":
    app.run()
