"""A node without a control plane: launches what its standard input orders, and writes down every event."""

import asyncio
import functools
import json
import os
import sys
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import asdict
from typing import Any

import uvloop

from skalds.adapters.process.launcher import ZygoteLauncher
from skalds.adapters.process.worker_process import exec_entry
from skalds.adapters.process.zygote import Zygote
from skalds.errors import WorkerLaunchFailed
from skalds.model.task import Task
from skalds.ports.worker_launcher import RunKey, WorkerLauncher, WorkerSignal
from skalds.worker.registry import WorkerRegistry
from skalds.worker.runner import enter_worker


def run_bare_node(*classes: type[Any]) -> None:
    """Becomes a node for these classes, or the worker this process was started as."""
    registry = WorkerRegistry()
    for worker_class in classes:
        registry.register(worker_class)
    enter = functools.partial(enter_worker, registry=registry)
    entry = exec_entry()
    if entry is not None:
        entry.run(enter)
    zygote = Zygote.spawn(enter, exec_classes=registry.exec_classes)
    uvloop.run(_serve(zygote, assigns_gpus="gpus" in sys.argv))


def say(**content: object) -> None:
    """One line to whoever started the node; also for workers, who share its standard output."""
    os.write(1, json.dumps(content, default=str).encode() + b"\n")


async def _serve(zygote: Zygote, *, assigns_gpus: bool) -> None:
    launcher = ZygoteLauncher(zygote, assigns_gpus=assigns_gpus)
    say(event="Ready", node=os.getpid(), zygote=zygote.pid)
    telling = asyncio.create_task(_tell_events(launcher))
    async for order in _orders():
        await _obey(launcher, order)
    await launcher.close()
    await telling
    say(event="Closed")


async def _orders() -> AsyncIterator[dict[str, Any]]:
    reader = asyncio.StreamReader(limit=2**24)
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := await reader.readline():
        yield json.loads(line)


async def _obey(launcher: WorkerLauncher, order: dict[str, Any]) -> None:
    key = RunKey(order.get("id", ""), order.get("attempt", 1))
    match order["order"]:
        case "launch":
            try:
                await launcher.launch([Task.model_validate(task) for task in order["tasks"]])
            except WorkerLaunchFailed as error:
                say(event="Refused", reason=error.message)
        case "signal":
            await launcher.signal(key, WorkerSignal(order["signal"]))
        case "update":
            await launcher.update(key, order["attachments"])


async def _tell_events(launcher: WorkerLauncher) -> None:
    with suppress(WorkerLaunchFailed):
        async for event in launcher.events():
            fields = asdict(event)
            key = fields.pop("key")
            error = fields.get("error")
            if error is not None:
                fields["error"] = error.model_dump()
            say(event=type(event).__name__, id=key[0], attempt=key[1], **fields)
