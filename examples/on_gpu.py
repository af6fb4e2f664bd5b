"""A worker that uses the GPU devices it was given. Run it: SKALD_RESOURCES='gpu=0;1' skalds up --app examples/on_gpu.py

    skalds task submit Inference --gpu 1 -a '{"model": "detector"}' --wait

The node gives each run devices that no other run has, and sets CUDA_VISIBLE_DEVICES for it before your code begins.
Nothing here needs a real GPU.
"""

import os

from pydantic import BaseModel

from skalds import Skalds
from skalds.worker.baseclass import BaseTaskWorker, run_main_handler


class Job(BaseModel):
    model: str


class Inference(BaseTaskWorker[Job]):
    def initialize(self, data: Job) -> None:
        self.data = data

    @run_main_handler
    def main(self) -> dict[str, str]:
        # Import torch and the like here and not above: a forked process must not inherit an initialised CUDA.
        return {"model": self.data.model, "devices": os.environ.get("CUDA_VISIBLE_DEVICES", "")}


app = Skalds()
app.register_task_worker(Inference)
app.run()
