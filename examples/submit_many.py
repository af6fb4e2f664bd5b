"""Sends 100 tasks, waits for all of them and adds up the results.

    skalds up --nodes 2 --app examples/log_survey.py
    python examples/submit_many.py                                   # another URL: as its argument

Each task surveys one source file of Python's own library.
"""

import asyncio
import sys
import sysconfig
from collections import Counter
from pathlib import Path
from typing import Any

from skalds.client import SkaldsClient

HOW_MANY = 100


def drafts() -> list[dict[str, Any]]:
    files = sorted(Path(sysconfig.get_path("stdlib")).rglob("*.py"))[:HOW_MANY]
    return [
        {
            "className": "LogSurvey",
            "name": path.name,
            # Large files first; a minute of waiting weighs as much as one level.
            "priority": 5 if path.stat().st_size > 50_000 else 0,
            "attachments": {"paths": [str(path)], "levels": ["import ", "class ", "def "]},
        }
        for path in files
    ]


async def main(url: str) -> None:
    async with SkaldsClient(url) as client:
        sent = await client.submit(drafts())
        ended = await client.wait([task.id for task in sent], timeout=300)
    found: Counter[str] = Counter()
    for task in ended:
        found.update(task.result or {})
    print(f"{len(ended)} tasks:", dict(Counter(task.lifecycle_status for task in ended)))
    print("by node:", dict(sorted(Counter(task.executor for task in ended).items())))
    print("found:", dict(found.most_common()))


asyncio.run(main(sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:8000"))
