"""Worker classes of the acceptance tests; a script as a user would write it, without a main guard."""

import ctypes
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from pydantic import BaseModel

from skalds import Skalds
from skalds.worker.baseclass import BaseTaskWorker, release_handler, run_main_handler, update_event_handler


class Folder(BaseModel):
    """Where a worker leaves what tests look at."""

    folder: Path


class Amount(BaseModel):
    """A number to work on."""

    number: int = 0


class Double(BaseTaskWorker[Amount]):
    """Returns twice its number."""

    number = 0

    def initialize(self, data: Amount) -> None:
        self.number = data.number

    @run_main_handler
    def main(self) -> int:
        return self.number * 2


class Failing(BaseTaskWorker[Amount]):
    """Raises in every run."""

    def initialize(self, data: Amount) -> None: ...

    @run_main_handler
    def main(self) -> None:
        raise RuntimeError("nothing works")


class Recorded(BaseTaskWorker[Folder]):
    """Leaves a file per run, named `<task>.<attempt>`."""

    folder = Path()

    def initialize(self, data: Folder) -> None:
        self.folder = data.folder

    def record(self, text: str = "done") -> None:
        (self.folder / f"{self.task_id}.{self.attempt}").write_text(text)

    @run_main_handler
    def main(self) -> None:
        self.record()


class UntilStopped(Recorded):
    """Runs until it is stopped, and records its process."""

    @run_main_handler
    def main(self) -> None:
        self.record(str(os.getpid()))
        while True:
            time.sleep(60)

    @release_handler
    def released(self) -> None:
        (self.folder / "released").write_text(self.task_id)


class Stubborn(Recorded):
    """Ignores SIGTERM."""

    @run_main_handler
    def main(self) -> None:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        self.record(str(os.getpid()))
        while True:
            time.sleep(60)


class Entangled(Recorded):
    """Starts a process that leaves its session, then is stuck in C code that holds the interpreter."""

    @run_main_handler
    def main(self) -> None:
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], start_new_session=True)
        self.record(f"{os.getpid()} {child.pid}")
        ctypes.PyDLL(None).sleep(600)


class Devices(Recorded):
    """Records the GPU devices it may see, and holds them until it is stopped."""

    @run_main_handler
    def main(self) -> None:
        self.record(f"[{os.environ.get('CUDA_VISIBLE_DEVICES', 'unset')}]")
        while True:
            time.sleep(60)


class Adjustable(Recorded):
    """Runs until it is stopped, and records the folder that each live update names."""

    @run_main_handler
    def main(self) -> None:
        self.record()
        while True:
            time.sleep(60)

    @update_event_handler
    def update(self, data: Folder) -> None:
        (self.folder / "updated").write_text(str(data.folder))


class Silent(BaseTaskWorker[Amount]):
    """Ends without a word."""

    def initialize(self, data: Amount) -> None: ...

    @run_main_handler
    def main(self) -> None:
        os._exit(0)


app = Skalds()
for worker_class in (Double, Failing, Recorded, UntilStopped, Stubborn, Entangled, Devices, Adjustable, Silent):
    app.register_task_worker(worker_class)
app.run()
