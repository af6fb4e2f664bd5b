"""A pipeline of three stages, sent in one batch: split a text, count the words of each part, add up the counts.

    skalds up --nodes 2 --app examples/pipeline.py
    python examples/pipeline.py README.md                            # another URL: as its second argument

`dependencies` say which tasks have to finish first, in whatever order the tasks are sent. If a stage fails for good,
so does every task that depends on it. A task gets no results of others; the stages hand over files.
"""

import asyncio
import json
import re
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from skalds import Skalds
from skalds.client import SkaldsClient
from skalds.worker.baseclass import BaseTaskWorker, run_main_handler

PARTS = 4


class Text(BaseModel):
    text: Path
    parts: list[Path]


class Part(BaseModel):
    part: Path
    counts: Path


class Counts(BaseModel):
    counts: list[Path]


class Split(BaseTaskWorker[Text]):
    def initialize(self, data: Text) -> None:
        self.data = data

    @run_main_handler
    def main(self) -> None:
        lines = self.data.text.read_text().splitlines(keepends=True)
        for number, part in enumerate(self.data.parts):
            part.write_text("".join(lines[number :: len(self.data.parts)]))


class CountWords(BaseTaskWorker[Part]):
    def initialize(self, data: Part) -> None:
        self.data = data

    @run_main_handler
    def main(self) -> None:
        words = re.findall(r"[a-z]+", self.data.part.read_text().lower())
        self.data.counts.write_text(json.dumps(Counter(words)))


class AddUp(BaseTaskWorker[Counts]):
    def initialize(self, data: Counts) -> None:
        self.data = data

    @run_main_handler
    def main(self) -> dict[str, int]:
        total: Counter[str] = Counter()
        for counts in self.data.counts:
            total.update(json.loads(counts.read_text()))
        return dict(total.most_common(5))


def drafts(text: Path, folder: Path) -> list[dict[str, Any]]:
    """The tasks of one run of the pipeline; `folder` is new each time, so its name tells their ids apart."""
    parts = [folder / f"part-{number}.txt" for number in range(PARTS)]
    counts = [part.with_suffix(".json") for part in parts]
    split = {
        "id": f"{folder.name}-split",
        "className": "Split",
        "attachments": {"text": str(text.absolute()), "parts": list(map(str, parts))},
    }
    counting = [
        {
            "id": f"{folder.name}-{part.stem}",
            "className": "CountWords",
            "dependencies": [split["id"]],
            "attachments": {"part": str(part), "counts": str(out)},
        }
        for part, out in zip(parts, counts, strict=True)
    ]
    adding = {
        "id": f"{folder.name}-total",
        "className": "AddUp",
        "dependencies": [task["id"] for task in counting],
        "attachments": {"counts": list(map(str, counts))},
    }
    return [split, *counting, adding]


async def send(text: Path, url: str) -> None:
    with tempfile.TemporaryDirectory(prefix="words-") as folder:
        async with SkaldsClient(url) as client:
            sent = await client.submit(drafts(text, Path(folder)))
            ended = await client.wait([task.id for task in sent], timeout=300)
    for task in ended:
        print(task.class_name, task.lifecycle_status)
    print("most frequent:", ended[-1].result)


if len(sys.argv) > 1:
    asyncio.run(send(Path(sys.argv[1]), *sys.argv[2:] or ["http://127.0.0.1:8000"]))
else:
    app = Skalds()
    for stage in (Split, CountWords, AddUp):
        app.register_task_worker(stage)
    app.run()
