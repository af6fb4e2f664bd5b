"""`skalds task cancel`, `pause`, `resume` and `requeue`."""

from collections.abc import Sequence
from functools import partial
from typing import Any

from skalds.cli.controller_session import Session
from skalds.cli.error_lines import error_lines
from skalds.cli.task_lookup import with_task
from skalds.errors import Conflict, NotFound, exit_status


async def steer_tasks(session: Session, command: str, given: Sequence[str]) -> int:
    """Does `command` to each task; what cannot be done to one does not keep it from the others."""
    done: list[dict[str, Any]] = []
    status = 0
    for one in given:
        try:
            act = partial(_command, session, command)
            done.append(await with_task(session.client, one, act))
        except (Conflict, NotFound) as error:
            status = max(status, exit_status(error))
            for line in error_lines(error):
                session.screen.say(line)
    if session.screen.as_json:
        session.screen.data(done[0] if len(given) == 1 and done else done) if done else None
    else:
        session.screen.show(f"{task['id']} {task['lifecycleStatus']}" for task in done)
    return status


async def _command(session: Session, command: str, task_id: str) -> dict[str, Any]:
    return await session.client.tasks.command(task_id, command)
