"""A task that fails until its input has arrived, and is retried.

    skalds up --app examples/monthly_report.py
    curl -s http://127.0.0.1:8000/api/tasks -H 'content-type: application/json' -d '{
        "className": "MonthlyReport", "maxAttempts": 5, "retryDelayMs": 2000,
        "attachments": {"source": "sales.csv", "target": "total.txt"}}'
    printf 'item,amount\npencil,3\nlamp,40\n' > sales.csv

An exception fails the run. The task waits `retryDelayMs`, then twice as long after each further failure
(`retryBackoff`), and is `Failed` for good after `maxAttempts` failed runs (0: never).
"""

import csv
from decimal import Decimal
from pathlib import Path

from pydantic import BaseModel

from skalds import Skalds
from skalds.worker.baseclass import BaseTaskWorker, run_main_handler


class Report(BaseModel):
    source: Path
    target: Path


class MonthlyReport(BaseTaskWorker[Report]):
    """Adds up the column `amount` of a CSV file."""

    def initialize(self, data: Report) -> None:
        self.report = data

    @run_main_handler
    def main(self) -> str:
        with self.report.source.open(newline="") as rows:
            total = sum((Decimal(row["amount"]) for row in csv.DictReader(rows)), Decimal(0))
        # A run may be repeated. A file of this attempt's own that takes the target's place makes that harmless.
        draft = self.report.target.with_name(f"{self.report.target.name}.{self.attempt}")
        draft.write_text(f"{total}\n")
        draft.replace(self.report.target)
        return str(total)


app = Skalds()
app.register_task_worker(MonthlyReport)
app.run()
