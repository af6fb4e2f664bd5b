"""Chooses adapters and runs a controller process."""

import asyncio
import os
import random
import socket
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress

import uvloop

from skalds.adapters.extra import require_distributed
from skalds.adapters.process.system_clock import SystemClock
from skalds.adapters.process.time_ordered_ids import TimeOrderedIds
from skalds.adapters.sqlite.controller_lock import ControllerLock
from skalds.adapters.sqlite.engine import SqliteEngine
from skalds.config._enum import EngineEnum
from skalds.config.access import check_access, is_loopback_address
from skalds.config.log_arguments import log_arguments
from skalds.config.system_controller_config import SystemControllerConfig
from skalds.config.timings import Timings
from skalds.errors import AlreadyRunning
from skalds.ports.clock import Clock
from skalds.ports.engine import Engine
from skalds.runtime.failpoint import arm
from skalds.runtime.garbage_collection import calm_collector
from skalds.runtime.log_setup import configure_logging, log_event
from skalds.runtime.patience import open_patiently
from skalds.runtime.service import Service, ServiceGroup
from skalds.runtime.shutdown_signals import ShutdownRequest, listen_for_shutdown
from skalds.system_controller.api.app import create_app
from skalds.system_controller.api.dependencies import ApiParts
from skalds.system_controller.api.server import HttpServer, ListeningSocket
from skalds.system_controller.controller import Controller, ControllerOptions
from skalds.system_controller.monitor.dispatch_policy import DispatchPolicy
from skalds.system_controller.surroundings import Surroundings

Ready = Callable[[str], None]
"""Told the address once the controller answers there."""

_OpenEngine = Callable[[SystemControllerConfig, Clock, ShutdownRequest], Awaitable[Engine | None]]

_STANDBY_LOOK_SECONDS = 0.1


def run_controller(config: SystemControllerConfig, on_ready: Ready = lambda _: None, *, standby: bool = False) -> None:
    """Runs until SIGINT or SIGTERM; on `standby` first waits until no other controller runs on the data directory.

    On the distributed engine every controller stands by for the duties that others hold, so that `standby` adds
    nothing. Raises `AlreadyRunning`, `ConfigurationError` or `StoreError` when it cannot start.
    """
    exposure = check_access(config)
    configure_logging(**log_arguments(config, "controller"))
    for warning in (*config.warnings, *exposure):
        log_event("WARNING", "configuration.warning", warning=warning)
    arm(config.skalds_failpoints, config.source("skalds_failpoints"))
    if config.skalds_engine is EngineEnum.DISTRIBUTED:
        listening = ListeningSocket(config.system_controller_host, config.system_controller_port)
        uvloop.run(_run(config, listening, on_ready, _open_distributed))
        return
    # The lock comes first: who is running already matters more than that its port is taken.
    lock = uvloop.run(_stand_by(config)) if standby else SqliteEngine.controller_lock(config.skalds_data_dir)
    if lock is None:
        return
    try:
        listening = ListeningSocket(config.system_controller_host, config.system_controller_port)
        lock.tell(listening.url)
        uvloop.run(_run(config, listening, on_ready, _open_embedded))
    finally:
        lock.release()


async def _open_embedded(config: SystemControllerConfig, clock: Clock, _: ShutdownRequest) -> Engine:
    return await SqliteEngine.open(
        config.skalds_data_dir, clock, ageing_step_ms=_ageing_step_ms(config), role="controller", holds_lock=True
    )


async def _open_distributed(config: SystemControllerConfig, clock: Clock, shutdown: ShutdownRequest) -> Engine | None:
    """Waits for MongoDB; Kafka and Redis carry hints and may come later."""
    require_distributed()
    # Here, because its drivers are an extra that the embedded engine does without.
    from skalds.adapters.distributed.engine import DistributedEngine
    from skalds.adapters.distributed.options import distributed_options

    options = distributed_options(config)
    return await open_patiently(
        lambda: DistributedEngine.open(
            options, clock, TimeOrderedIds(clock), role="controller", ageing_step_ms=_ageing_step_ms(config)
        ),
        clock,
        shutdown,
        lambda error: log_event("WARNING", "controller.waiting_for_store", reason=error),
    )


def _ageing_step_ms(config: SystemControllerConfig) -> int:
    return round(config.dispatcher_ageing_step.total_seconds() * 1000)


async def _stand_by(config: SystemControllerConfig) -> ControllerLock | None:
    """The lock of the data directory once its holder has let go of it; None if told to shut down before.

    The kernel frees the lock with the process that held it, so asking is all there is to do, and the cost of a look is
    far below that of a second thread that would wait in the kernel and could not be interrupted.
    """
    waiting = False
    with listen_for_shutdown(on_repeat=lambda _: os._exit(1)) as shutdown:
        while not shutdown.event.is_set():
            try:
                lock = SqliteEngine.controller_lock(config.skalds_data_dir)
            except AlreadyRunning as error:
                if not waiting:
                    log_event("INFO", "controller.standby", running=error.pid, address=error.address)
                waiting = True
                with suppress(TimeoutError):
                    await asyncio.wait_for(shutdown.wait(), _STANDBY_LOOK_SECONDS)
            else:
                if waiting:
                    log_event("INFO", "controller.takes_over", data_dir=config.skalds_data_dir)
                return lock
    return None


async def _run(
    config: SystemControllerConfig, listening: ListeningSocket, on_ready: Ready, open_engine: _OpenEngine
) -> None:
    clock = SystemClock()
    with listen_for_shutdown(on_repeat=lambda _: os._exit(1)) as shutdown:
        engine = await open_engine(config, clock, shutdown)
        if engine is None:
            return
        try:
            services = _services(config, engine, clock, listening)
            calm_collector()
            ready = _Ready(lambda: on_ready(listening.url))
            await ServiceGroup([*services, ready]).run_until(shutdown.event)
        finally:
            await engine.close()


def _services(
    config: SystemControllerConfig, engine: Engine, clock: Clock, listening: ListeningSocket
) -> Sequence[Service]:
    """The controller's parts and its API, in the order of starting."""
    ids = TimeOrderedIds(clock)
    # Unique even where all host names are alike and every process is number 1.
    name = f"{socket.gethostname()}-{os.getpid()}-{ids.new()[-4:]}"
    around = Surroundings(engine, clock, ids, random.Random(), Timings(), name)  # noqa: S311 - places tasks
    options = ControllerOptions(config.task_retention, _ageing_step_ms(config), config.dispatcher_spread_label)
    controller = Controller(around, config.system_controller_mode, DispatchPolicy.configured(config), options)
    parts = ApiParts(
        engine,
        controller.cluster,
        controller.events,
        controller.dispatcher,
        clock,
        ids,
        config,
        controller.policies,
        controller.picture,
        is_loopback_address(config.system_controller_host),
    )
    return [*controller.services(), HttpServer(create_app(parts), listening)]


class _Ready:
    """The last service to start: says that all the others have."""

    def __init__(self, tell: Callable[[], None]) -> None:
        self._tell = tell

    async def start(self) -> None:
        self._tell()

    async def stop(self) -> None: ...
