"""Counts the lines of log files by level. Run it: skalds up --app examples/log_survey.py"""

from collections import Counter
from pathlib import Path

from pydantic import BaseModel

from skalds import Skalds
from skalds.worker.baseclass import BaseTaskWorker, run_main_handler


class LogFiles(BaseModel):
    paths: list[Path]
    levels: list[str] = ["ERROR", "WARNING", "INFO"]


class LogSurvey(BaseTaskWorker[LogFiles]):
    def initialize(self, data: LogFiles) -> None:
        self.data = data

    @run_main_handler
    def main(self) -> dict[str, int]:
        found: Counter[str] = Counter()
        for number, path in enumerate(self.data.paths, start=1):
            with path.open(errors="replace") as lines:
                found.update(level for line in lines for level in self.data.levels if level in line)
            self.progress(number / len(self.data.paths), path.name)
        return dict(found)


app = Skalds()
app.register_task_worker(LogSurvey)
app.run()
