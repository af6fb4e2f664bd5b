"""A client with an API of its own: asks for tasks, and for changes of tasks; operators use it too.

It remembers what was promised.
"""

import asyncio
from collections.abc import Awaitable
from typing import Any

from skalds.errors import SkaldsError
from skalds.model.task import Task, TaskLifecycleStatus
from skalds.system_controller.operations.change_attachments import change_attachments
from skalds.system_controller.operations.change_task_status import Command, change_task_status
from skalds.system_controller.operations.submit_tasks import submit_task
from skalds.system_controller.operations.task_draft import DraftDefaults
from skalds.system_controller.policy_book import PolicyBook
from skalds.testing.counting_ids import CountingIds
from skalds.testing.simulation.history import Asked, Promised
from skalds.testing.simulation.host import Host, Program
from skalds.testing.simulation.world import World

_LOOK_S = 0.25
_PATIENCE = 400


class SimulatedClient(Host):
    """A machine with an API replica and someone who uses it; its process never dies, its connection may fail."""

    role = "client"

    def __init__(self, name: str, world: World) -> None:
        super().__init__(name, world)
        self.submitted: dict[str, Task] = {}
        self._ids = CountingIds("t")
        self._policies: PolicyBook | None = None
        self._asked: asyncio.Queue[Awaitable[None]] = asyncio.Queue()
        self._requests: list[asyncio.Task[None]] = []

    def make(self, number: int) -> Program:
        return Program(self, number)

    async def run(self, program: Program) -> None:
        while True:
            self._requests.append(asyncio.create_task(_quietly(await self._asked.get())))

    @property
    def is_waiting(self) -> bool:
        """Whether a request has not been answered yet."""
        return not self._asked.empty() or any(not request.done() for request in self._requests)

    async def wait_answered(self) -> None:
        """Until every request has been answered."""
        for _ in range(_PATIENCE):
            if not self.is_waiting:
                break
            await asyncio.sleep(_LOOK_S)

    def submit(self, **fields: Any) -> str:
        """Asks for a new task and returns its id, whatever becomes of the request."""
        task_id = self._ids.new()
        self._asked.put_nowait(self._submit({"id": task_id, "className": "Demo", **fields}))
        return task_id

    def command(self, command: Command, task_id: str) -> None:
        """Asks for a change of a task."""
        self._asked.put_nowait(self._command(command, task_id))

    def change_attachments(self, task_id: str, attachments: dict[str, Any]) -> None:
        """Asks for other attachments of a task."""
        self._asked.put_nowait(self._change_attachments(task_id, attachments))

    @property
    def policies(self) -> PolicyBook:
        """The book of this client's API."""
        if self._policies is None:
            self._policies = PolicyBook(self.current.engine, self.clock)
        return self._policies

    def ask(self, what: str, about: str, request: Awaitable[object]) -> None:
        """Sends a request of an operator."""
        self._asked.put_nowait(self._send(what, about, request))

    async def _send(self, what: str, about: str, request: Awaitable[object]) -> None:
        self.world.history.note(Asked(what, about))
        await request
        self.world.say(f"client: {what} {about} acknowledged")

    def random_command(self) -> None:
        """Asks for anything of any known task."""
        rng = self.current.rng
        commands = (Command.CANCEL, Command.PAUSE, Command.RESUME, Command.REQUEUE)
        if self.submitted:
            self.command(rng.choice(commands), rng.choice(list(self.submitted)))

    def resume_paused(self) -> None:
        """Asks for every paused task to go on."""
        for task in list(self.world.store.rows.values()):
            if task.lifecycle_status == TaskLifecycleStatus.PAUSED.value:
                self.command(Command.RESUME, task.id)

    async def _submit(self, draft: dict[str, Any]) -> None:
        program, history = self.current, self.world.history
        history.note(Asked("submit", draft["id"]))
        defaults = DraftDefaults(self.clock.wall_ms(), self._ids.new, 3)
        await self.policies.refresh()
        task = await submit_task(program.engine, draft, defaults, self.policies.current)
        self.submitted[task.id] = task
        history.note(Promised("submit", task))

    async def _command(self, command: Command, task_id: str) -> None:
        history = self.world.history
        history.note(Asked(command.value, task_id))
        task = await change_task_status(self.current.engine, self.clock, task_id, command)
        history.note(Promised(command.value, task))

    async def _change_attachments(self, task_id: str, attachments: dict[str, Any]) -> None:
        history = self.world.history
        history.note(Asked("attachments", task_id))
        task = await change_attachments(self.current.engine, self.clock, task_id, attachments)
        history.note(Promised("attachments", task))


async def _quietly(request: Awaitable[None]) -> None:
    """A request that fails promises nothing."""
    try:
        await request
    except SkaldsError:
        return
