"""Controllers and their nodes as child processes: what `up` and `demo` share."""

import asyncio
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from skalds.cli.process_keeper import Child, ProcessKeeper

_CONTROLLER = "controller"
_NODE_GRACE = 15.0
_CONTROLLER_GRACE = 10.0


@dataclass(frozen=True, slots=True)
class LocalPlan:
    """What to run: where the data is, how many nodes of which application, on which port (None: as configured).

    More than one controller need the distributed engine and `port` 0, which takes a free one for each. `environment`
    goes before the environment of this process.
    """

    data: Path
    nodes: int
    app: str
    port: int | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    controllers: int = 1


class LocalSystem:
    """Starts and stops the processes of one machine; the controllers first and last."""

    def __init__(self, plan: LocalPlan, keeper: ProcessKeeper) -> None:
        self._plan = plan
        self._keeper = keeper

    @property
    def node_names(self) -> Sequence[str]:
        return [f"node-{number}" for number in range(1, self._plan.nodes + 1)]

    @property
    def controller_names(self) -> Sequence[str]:
        if self._plan.controllers == 1:
            return [_CONTROLLER]
        return [f"{_CONTROLLER}-{number}" for number in range(1, self._plan.controllers + 1)]

    async def start(self) -> str:
        """Starts everything; returns the address of the first controller once all of them listen.

        Raises `ChildProcessError` when one gave up before.
        """
        address, *_ = [await self._start_controller(name) for name in self.controller_names]
        for name in self.node_names:
            self._keeper.keep(Child(name, self._node_command(), {**self._environment(), "SKALD_ID": name}))
        return address

    async def stop(self) -> None:
        """Stops nodes, then the controllers; each gets a grace before it is killed."""
        await self._keeper.stop(self.node_names, _NODE_GRACE)
        await self._keeper.stop(self.controller_names, _CONTROLLER_GRACE)

    async def _start_controller(self, name: str) -> str:
        read_end, write_end = os.pipe()
        command = [*_skalds(), "controller", *([] if self._plan.port is None else ["--port", str(self._plan.port)])]
        controller = Child(name, [*command, "--ready-fd", str(write_end)], self._environment(), pass_fds=[write_end])
        self._keeper.keep(controller)
        address = await self._read_address(read_end, write_end)
        # Should it have to be started again, then at the address that clients know by now.
        controller.command = [*_skalds(), "controller", "--port", str(urlsplit(address).port)]
        controller.pass_fds = ()
        return address

    def _environment(self) -> dict[str, str]:
        data = str(self._plan.data.absolute())
        return {"PYTHONUNBUFFERED": "1", **self._plan.environment, "SKALDS_DATA_DIR": data}

    def _node_command(self) -> list[str]:
        if self._plan.app.endswith(".py"):
            return [sys.executable, self._plan.app]
        return [*_skalds(), "node", "--app", self._plan.app]

    async def _read_address(self, read_end: int, write_end: int) -> str:
        reader = asyncio.StreamReader()
        transport, _ = await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(read_end, "rb", buffering=0)
        )
        line = asyncio.ensure_future(reader.readline())
        waits: list[asyncio.Future[Any]] = [line, self._keeper.given_up]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
            if line.done():
                return line.result().decode().strip()
            line.cancel()
            name, status = self._keeper.given_up.result()
            raise ChildProcessError(f"the {name} could not start (exit status {status})")
        finally:
            # Only now: a controller that is restarted before it listened still needs our copy of this end.
            os.close(write_end)
            transport.close()


def _skalds() -> list[str]:
    return [sys.executable, "-m", "skalds.cli.main"]
