"""Worker classes that measurements run."""

import time

from pydantic import BaseModel

from skalds import Skalds
from skalds.worker.baseclass import BaseTaskWorker, run_main_handler


class Nothing(BaseModel):
    """No attachments."""


class Stamp(BaseTaskWorker[Nothing]):
    """Says when the first line of its main ran (ns since the epoch)."""

    def initialize(self, data: Nothing) -> None: ...

    @run_main_handler
    def main(self) -> int:
        return time.time_ns()


class Nap(BaseTaskWorker[Nothing]):
    """Runs until it is stopped."""

    def initialize(self, data: Nothing) -> None: ...

    @run_main_handler
    def main(self) -> None:
        while True:
            time.sleep(3600)


app = Skalds()
app.register_task_worker(Stamp)
app.register_task_worker(Nap)
