"""Chooses adapters and runs a controller process."""

import asyncio
import ipaddress
import os
import random
import socket
from collections.abc import Callable
from contextlib import suppress

import uvloop

from skalds.adapters.process.system_clock import SystemClock
from skalds.adapters.process.time_ordered_ids import TimeOrderedIds
from skalds.adapters.sqlite.controller_lock import ControllerLock
from skalds.adapters.sqlite.engine import SqliteEngine
from skalds.config._enum import EngineEnum
from skalds.config.log_arguments import log_arguments
from skalds.config.system_controller_config import SystemControllerConfig
from skalds.config.timings import Timings
from skalds.errors import AlreadyRunning, ConfigurationError
from skalds.runtime.failpoint import arm
from skalds.runtime.garbage_collection import calm_collector
from skalds.runtime.log_setup import configure_logging, log_event
from skalds.runtime.service import ServiceGroup
from skalds.runtime.shutdown_signals import listen_for_shutdown
from skalds.system_controller.api.app import create_app
from skalds.system_controller.api.dependencies import ApiParts
from skalds.system_controller.api.server import HttpServer, ListeningSocket
from skalds.system_controller.controller import Controller, ControllerOptions
from skalds.system_controller.monitor.dispatch_policy import DispatchPolicy
from skalds.system_controller.surroundings import Surroundings

Ready = Callable[[str], None]
"""Told the address once the controller answers there."""

_STANDBY_LOOK_SECONDS = 0.1


def run_controller(config: SystemControllerConfig, on_ready: Ready = lambda _: None, *, standby: bool = False) -> None:
    """Runs until SIGINT or SIGTERM; on `standby` first waits until no other controller runs on the data directory.

    Raises `AlreadyRunning`, `ConfigurationError` or `StoreError` when it cannot start.
    """
    if config.skalds_engine is EngineEnum.DISTRIBUTED:
        raise ConfigurationError("SKALDS_ENGINE", "distributed", "embedded: the distributed engine is not built yet")
    if not (config.skalds_token or _is_loopback(config.system_controller_host)):
        raise ConfigurationError(
            "SYSTEM_CONTROLLER_HOST", config.system_controller_host, "a loopback address while no SKALDS_TOKEN is set"
        )
    configure_logging(**log_arguments(config, "controller"))
    for warning in config.warnings:
        log_event("WARNING", "configuration.warning", warning=warning)
    arm(config.skalds_failpoints, config.source("skalds_failpoints"))
    # The lock comes first: who is running already matters more than that its port is taken.
    lock = uvloop.run(_stand_by(config)) if standby else SqliteEngine.controller_lock(config.skalds_data_dir)
    if lock is None:
        return
    try:
        listening = ListeningSocket(config.system_controller_host, config.system_controller_port)
        lock.tell(listening.url)
        uvloop.run(_run(config, listening, on_ready))
    finally:
        lock.release()


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


async def _run(config: SystemControllerConfig, listening: ListeningSocket, on_ready: Ready) -> None:
    clock = SystemClock()
    ids = TimeOrderedIds(clock)
    ageing_step_ms = round(config.dispatcher_ageing_step.total_seconds() * 1000)
    with listen_for_shutdown(on_repeat=lambda _: os._exit(1)) as shutdown:
        engine = await SqliteEngine.open(
            config.skalds_data_dir, clock, ageing_step_ms=ageing_step_ms, role="controller", holds_lock=True
        )
        try:
            name = f"{socket.gethostname()}-{os.getpid()}"
            around = Surroundings(engine, clock, ids, random.Random(), Timings(), name)  # noqa: S311 - places tasks
            policy = DispatchPolicy.configured(config)
            options = ControllerOptions(config.task_retention, ageing_step_ms, config.dispatcher_spread_label)
            controller = Controller(around, config.system_controller_mode, policy, options)
            loopback = _is_loopback(config.system_controller_host)
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
                loopback,
            )
            server = HttpServer(create_app(parts), listening)
            calm_collector()
            ready = _Ready(lambda: on_ready(listening.url))
            await ServiceGroup([*controller.services(), server, ready]).run_until(shutdown.event)
        finally:
            await engine.close()


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class _Ready:
    """The last service to start: says that all the others have."""

    def __init__(self, tell: Callable[[], None]) -> None:
        self._tell = tell

    async def start(self) -> None:
        self._tell()

    async def stop(self) -> None: ...
