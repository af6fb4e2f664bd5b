"""`skalds task wait` and whatever else waits for tasks to end for good."""

import shlex
from collections.abc import Mapping, Sequence
from typing import Any

from skalds.cli.controller_session import Session
from skalds.cli.plain_text import cut
from skalds.cli.screen import Screen
from skalds.cli.task_looks import status_cell
from skalds.cli.task_lookup import find_task, short_id

EXIT_TIMEOUT = 124
"""As of the command `timeout`."""

_NAMED = 10
_LONGEST_REASON = 200


async def wait_tasks(session: Session, given: Sequence[str], timeout: float | None) -> int:
    """Waits, prints how each task ended, and succeeds if all finished."""
    ids = [(await find_task(session.client, one))["id"] for one in given]
    try:
        ended = await wait_ended(session, ids, timeout)
    except TimeoutError as error:
        session.screen.say(f"skalds: {error}; follow them with: skalds task watch", style="red")
        return EXIT_TIMEOUT
    if session.screen.as_json:
        session.screen.data(ended[0] if len(ended) == 1 else list(ended))
        return report_ended(session.screen, ended)
    session.screen.show(f"{task['id']} {task['lifecycleStatus']}" for task in ended)
    return report_ended(session.screen, ended)


async def wait_ended(session: Session, ids: Sequence[str], timeout: float | None) -> Sequence[Mapping[str, Any]]:
    """The tasks once all have ended."""
    return await session.client.tasks.wait(ids, timeout)


def report_ended(screen: Screen, tasks: Sequence[Mapping[str, Any]]) -> int:
    """Says why tasks did not finish and what to do about it; the exit status of a command that waited for them."""
    unfinished = [task for task in tasks if task["lifecycleStatus"] != "Finished"]
    for task in unfinished[:_NAMED]:
        reason = f": {cut(task['exception'], _LONGEST_REASON)}" if task["exception"] else ""
        shown = short_id(task["id"])
        screen.say(
            f"{shown} is {task['lifecycleStatus']}{reason}; see: skalds task show {shlex.quote(shown)}",
            style=status_cell(task).style,
        )
    if len(tasks) > 1:
        screen.say(f"{len(tasks) - len(unfinished)} of {len(tasks)} tasks finished")
    return 1 if unfinished else 0
