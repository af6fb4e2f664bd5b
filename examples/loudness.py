"""A long job that tells how far it is, can be cancelled, and goes on from its last checkpoint.

    skalds up --app examples/loudness.py
    curl -s http://127.0.0.1:8000/api/tasks -H 'content-type: application/json' -d '{
        "id": "meeting", "className": "Loudness", "attachments": {"recording": "meeting.wav", "curve": "meeting.csv"}}'
    curl -s http://127.0.0.1:8000/api/tasks/meeting                  # "progress": {"fraction": 0.4, …}
    curl -s -X POST http://127.0.0.1:8000/api/tasks/meeting/cancel

Stop the node with Ctrl-C while it works and start it again: the task was handed back, and its next run begins at the
second the last one had reached. The same happens after a failed run and after the loss of a node.
"""

import time
import wave
from contextlib import ExitStack
from pathlib import Path

from pydantic import BaseModel

from skalds import Skalds
from skalds.worker.baseclass import BaseTaskWorker, release_handler, run_before_handler, run_main_handler


class Recording(BaseModel):
    recording: Path
    curve: Path
    seconds_per_step: float = 0.0
    """How long each step takes at least; stands for the model that a real analysis would run."""


class Loudness(BaseTaskWorker[Recording]):
    """Writes the peak of each second of an 8-bit mono WAV file to a CSV file."""

    def initialize(self, data: Recording) -> None:
        self.data = data
        self.opened = ExitStack()

    @run_before_handler
    def open_files(self) -> None:
        self.sound = self.opened.enter_context(wave.Wave_read(str(self.data.recording)))
        if self.sound.getsampwidth() != 1 or self.sound.getnchannels() != 1:
            raise ValueError(f"{self.data.recording} is not 8-bit mono")
        self.first: int = self.last_checkpoint or 0
        self.sound.setpos(self.first * self.sound.getframerate())
        # The file may hold more than the checkpoint says: the last run was stopped between the two.
        kept = self.data.curve.read_text().splitlines(keepends=True)[: self.first] if self.first else []
        self.curve = self.opened.enter_context(self.data.curve.open("w"))
        self.curve.writelines(kept)

    @run_main_handler
    def main(self) -> dict[str, int]:
        rate = self.sound.getframerate()
        seconds = -(-self.sound.getnframes() // rate)
        for second in range(self.first, seconds):
            samples = self.sound.readframes(rate)
            self.curve.write(f"{second},{max(abs(sample - 128) for sample in samples)}\n")
            self.curve.flush()
            time.sleep(self.data.seconds_per_step)
            self.checkpoint(second + 1)
            self.progress((second + 1) / seconds, f"second {second + 1} of {seconds}")
        return {"seconds": seconds, "startedAt": self.first}

    @release_handler
    def close_files(self) -> None:
        """Called at every end, also when the task is cancelled or `open_files` did not get far."""
        self.opened.close()


app = Skalds()
app.register_task_worker(Loudness)
app.run()
