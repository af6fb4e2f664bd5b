"""Chooses adapters and runs a controller process."""

import ipaddress
import os
import random
import socket
from collections.abc import Callable

import uvloop

from skalds.adapters.process.system_clock import SystemClock
from skalds.adapters.process.time_ordered_ids import TimeOrderedIds
from skalds.adapters.sqlite.engine import SqliteEngine
from skalds.config._enum import EngineEnum
from skalds.config.system_controller_config import SystemControllerConfig
from skalds.config.timings import Timings
from skalds.errors import ConfigurationError
from skalds.runtime.garbage_collection import calm_collector
from skalds.runtime.log_setup import configure_logging, log_event
from skalds.runtime.service import ServiceGroup
from skalds.runtime.shutdown_signals import listen_for_shutdown
from skalds.system_controller.api.app import create_app
from skalds.system_controller.api.dependencies import ApiParts
from skalds.system_controller.api.server import HttpServer, ListeningSocket
from skalds.system_controller.controller import Controller
from skalds.system_controller.monitor.dispatch_policy import DispatchPolicy
from skalds.system_controller.surroundings import Surroundings

Ready = Callable[[str], None]
"""Told the address once the controller answers there."""


def run_controller(config: SystemControllerConfig, on_ready: Ready = lambda _: None) -> None:
    """Runs until SIGINT or SIGTERM.

    Raises `AlreadyRunning`, `ConfigurationError` or `StoreError` when it cannot start.
    """
    if config.skalds_engine is EngineEnum.DISTRIBUTED:
        raise ConfigurationError("SKALDS_ENGINE", "distributed", "embedded: the distributed engine is not built yet")
    if not (config.skalds_token or _is_loopback(config.system_controller_host)):
        raise ConfigurationError(
            "SYSTEM_CONTROLLER_HOST", config.system_controller_host, "a loopback address while no SKALDS_TOKEN is set"
        )
    configure_logging(config.log_level.value)
    for warning in config.warnings:
        log_event("WARNING", "configuration.warning", warning=warning)
    # The lock comes first: who is running already matters more than that its port is taken.
    lock = SqliteEngine.controller_lock(config.skalds_data_dir)
    try:
        listening = ListeningSocket(config.system_controller_host, config.system_controller_port)
        lock.tell(listening.url)
        uvloop.run(_run(config, listening, on_ready))
    finally:
        lock.release()


async def _run(config: SystemControllerConfig, listening: ListeningSocket, on_ready: Ready) -> None:
    clock = SystemClock()
    ids = TimeOrderedIds(clock)
    ageing_step_ms = round(config.dispatcher_ageing_step.total_seconds() * 1000)
    with listen_for_shutdown(on_repeat=lambda _: os._exit(1)) as shutdown:
        engine = await SqliteEngine.open(
            config.skalds_data_dir, clock, ageing_step_ms=ageing_step_ms, role="controller"
        )
        try:
            name = f"{socket.gethostname()}-{os.getpid()}"
            around = Surroundings(engine, clock, ids, random.Random(), Timings(), name)  # noqa: S311 - places tasks
            controller = Controller(around, config.system_controller_mode, DispatchPolicy.configured(config))
            loopback = _is_loopback(config.system_controller_host)
            parts = ApiParts(engine, controller.cluster, controller.dispatcher, clock, ids, config, loopback)
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
