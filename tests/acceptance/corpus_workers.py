"""Worker classes that the corpus of wrong input submits to; a script as a user would write it."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from skalds import Skalds
from skalds.worker.baseclass import BaseTaskWorker, run_main_handler


class Region(BaseModel):
    """Part of a picture."""

    width: int = Field(1, ge=0)


class SurveyInput(BaseModel):
    """What a survey needs."""

    model_config = ConfigDict(extra="forbid")

    camera: str
    threshold: float = Field(0.5, ge=0, le=1)
    frames: list[int] = []
    region: Region | None = None
    mode: Literal["fast", "exact"] = "fast"
    frame_rate: int = Field(1, alias="frameRate")
    code: str = Field("a", pattern="^(a+)+$")


class Nothing(BaseModel):
    """Needs nothing."""

    number: int = 0


class Survey(BaseTaskWorker[SurveyInput]):
    """Does nothing with it."""

    def initialize(self, data: SurveyInput) -> None: ...

    @run_main_handler
    def main(self) -> None: ...


class Relaxed(BaseTaskWorker[Nothing]):
    """Finishes at once."""

    def initialize(self, data: Nothing) -> None: ...

    @run_main_handler
    def main(self) -> None: ...


app = Skalds()
app.register_task_worker(Survey)
app.register_task_worker(Relaxed)
app.run()
