"""Chooses adapters and runs a node process."""

import os
import platform
import random
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import uvloop

from skalds.adapters.extra import require_distributed
from skalds.adapters.process.launcher import ZygoteLauncher
from skalds.adapters.process.machine_load import PsutilMachineLoad
from skalds.adapters.process.machine_resources import machine_resources
from skalds.adapters.process.system_clock import SystemClock
from skalds.adapters.process.time_ordered_ids import TimeOrderedIds
from skalds.adapters.process.worker_process import EnterWorker, exec_entry
from skalds.adapters.process.zygote import Zygote
from skalds.adapters.sqlite.engine import SqliteEngine
from skalds.config._enum import EngineEnum
from skalds.config.skald_config import SkaldConfig
from skalds.config.timings import Timings
from skalds.model.node import Node
from skalds.model.reserved import Reserved
from skalds.node.agent import NodeAgent
from skalds.node.supervisor import Supervisor
from skalds.ports.clock import Clock
from skalds.ports.engine import Engine
from skalds.runtime.failpoint import arm
from skalds.runtime.garbage_collection import calm_collector
from skalds.runtime.log_setup import log_event
from skalds.runtime.patience import open_patiently
from skalds.runtime.service import ServiceGroup
from skalds.runtime.shutdown_signals import ShutdownRequest, listen_for_shutdown


@dataclass(frozen=True, slots=True)
class NodeProgram:
    """What the user's program brings to a node: its worker classes' schemas, and the way into a worker process.

    `exec_classes` start as fresh interpreters instead of forks.
    """

    schemas: Mapping[str, Any]
    exec_classes: frozenset[str]
    enter_worker: EnterWorker


def become_worker_if_asked(enter_worker: EnterWorker) -> None:
    """Never returns in a fresh interpreter that a node started for one run; does nothing otherwise."""
    entry = exec_entry()
    if entry is not None:
        entry.run(enter_worker)


def run_node(config: SkaldConfig, program: NodeProgram, timings: Timings | None = None) -> None:
    """Runs until SIGINT or SIGTERM; call it before any thread or event loop exists."""
    zygote = Zygote.spawn(program.enter_worker, exec_classes=program.exec_classes)
    arm(config.skalds_failpoints, config.source("skalds_failpoints"))
    calm_collector()
    uvloop.run(_run(config, program, timings or Timings(), zygote))


async def _run(config: SkaldConfig, program: NodeProgram, timings: Timings, zygote: Zygote) -> None:
    clock = SystemClock()
    node = _describe_node(config, program)
    launcher = ZygoteLauncher(zygote, assigns_gpus="gpu" in node.resources)
    hurries: list[Callable[[], None]] = []
    with listen_for_shutdown(on_repeat=lambda _: hurries.pop()() if hurries else os._exit(1)) as shutdown:
        try:
            engine = await _open_engine(config, clock, shutdown)
            if engine is None:
                return
            agent = NodeAgent(
                node,
                engine,
                launcher,
                clock,
                timings,
                lambda: Supervisor(
                    node,
                    timings.cancel_grace.total_seconds(),
                    random.Random(),  # noqa: S311 - spreads retries
                ),
                shutdown,
                PsutilMachineLoad(),
            )
            hurries.append(agent.hurry)
            try:
                await ServiceGroup([agent]).run_until(shutdown.event)
            finally:
                await engine.close()
        finally:
            await launcher.close()


async def _open_engine(config: SkaldConfig, clock: Clock, shutdown: ShutdownRequest) -> Engine | None:
    """Waits for a controller to have made the store; None if told to shut down before."""
    return await open_patiently(
        lambda: _open(config, clock),
        clock,
        shutdown,
        lambda error: log_event("WARNING", "node.waiting_for_store", reason=error),
    )


async def _open(config: SkaldConfig, clock: Clock) -> Engine:
    if config.skalds_engine is EngineEnum.EMBEDDED:
        return await SqliteEngine.open(config.skalds_data_dir, clock, role="node")
    require_distributed()
    # Here, because its drivers are an extra that the embedded engine does without.
    from skalds.adapters.distributed.engine import DistributedEngine
    from skalds.adapters.distributed.options import distributed_options

    return await DistributedEngine.open(distributed_options(config), clock, TimeOrderedIds(clock), role="node")


def _describe_node(config: SkaldConfig, program: NodeProgram) -> Node:
    return Node(
        id=config.skald_id,
        mode=config.skald_mode.value,
        classes=frozenset(program.schemas),
        slots=config.skald_slots,
        labels=dict(config.skald_labels),
        resources={
            name: list(amount) if isinstance(amount, tuple) else amount
            for name, amount in {**machine_resources(), **config.skald_resources}.items()
        },
        reserved=Reserved(*config.skald_reserved_slots),
        schemas=dict(program.schemas),
        facts={
            "hostname": socket.gethostname(),
            "pid": os.getpid(),
            "python": platform.python_version(),
            "cpus": os.cpu_count(),
            "declared": sorted(config.skald_resources),
        },
    )
