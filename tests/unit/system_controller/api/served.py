"""The API of a controller over the memory engine, as its tests use it."""

import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

import httpx
from fastapi import FastAPI

from skalds.adapters.memory.engine import MemoryEngine
from skalds.adapters.memory.memory_store import MemoryStore
from skalds.config._enum import SystemControllerModeEnum
from skalds.config.system_controller_config import SystemControllerConfig
from skalds.config.timings import Timings
from skalds.model.lease import Duty
from skalds.model.node import Liveness, Registration
from skalds.model.run_change import Change
from skalds.model.task import Task
from skalds.system_controller.api.app import create_app
from skalds.system_controller.api.dependencies import ApiParts
from skalds.system_controller.breakers import Breakers
from skalds.system_controller.change_tail import ChangeTail
from skalds.system_controller.cluster_picture import ClusterPicture
from skalds.system_controller.events.live_events import LiveEvents
from skalds.system_controller.fleet import Cluster, Fleet, KnownNode
from skalds.system_controller.lane_keys import LaneKeys
from skalds.system_controller.leadership import Leadership
from skalds.system_controller.live_runs import LiveRuns
from skalds.system_controller.monitor.dispatch_policy import DispatchPolicy
from skalds.system_controller.monitor.dispatcher import Dispatcher, Sight
from skalds.system_controller.policy_book import PolicyBook
from skalds.system_controller.surroundings import Surroundings
from skalds.testing import CountingIds, FakeClock, a_node, a_task

LOCAL = "http://localhost"
_AGEING_STEP_MS = 60_000


@dataclass
class Served:
    """A controller's API, the world behind it, and an HTTP client in front of it."""

    parts: ApiParts
    app: FastAPI
    http: httpx.AsyncClient
    engine: MemoryEngine
    clock: FakeClock
    tail: ChangeTail
    leadership: Leadership | None = None
    """The right to dispatch, not yet taken."""

    async def call(self, method: str, path: str, body: Any = None, **arguments: Any) -> httpx.Response:
        if body is not None:
            arguments["json"] = body
        return await self.http.request(method, path, **arguments)

    async def stored(self, **changes: Any) -> Task:
        """A task in the store, in the state that `changes` describe."""
        (task,) = await self.engine.intake.submit([a_task(id=changes.get("id", "task-1"))])
        after = task.changed(self.clock.wall_ms(), **changes)
        assert await self.engine.ledger.write([Change(task, after)], durable=True) == [True]
        return after

    async def register(self, **changes: Any) -> KnownNode:
        """A node that the store knows of, too."""
        known = self.add_node(**changes)
        session = await self.engine.directory.register(known.registration.node, self.clock.wall_ms())
        assert session == known.registration.session
        return known

    def add_node(self, *, liveness: Liveness = Liveness.ONLINE, beats: int = 0, **changes: Any) -> KnownNode:
        """A node that the controller knows of."""
        fleet = self.parts.cluster.fleet
        registration = Registration(a_node(**changes), session=1, registered_at=self.clock.wall_ms())
        known = KnownNode(registration, liveness, beats=beats, last_heard=self.clock.wall_ms())
        nodes = {one.registration.node.id: one for one in fleet.all()}
        fleet.replace({**nodes, registration.node.id: known})
        return known


@asynccontextmanager
async def serve(
    mode: SystemControllerModeEnum = SystemControllerModeEnum.DISPATCHER, token: str = "", **parts: Any
) -> AsyncIterator[Served]:
    """The API in front of a fresh world."""
    clock, ids = FakeClock(), CountingIds()
    engine = await MemoryEngine.open(MemoryStore(_AGEING_STEP_MS), clock)
    keys = LaneKeys(engine.lanes)
    cluster = Cluster(Fleet(), LiveRuns(keys))
    policies = PolicyBook(engine, clock)
    picture = ClusterPicture(cluster, policies, Breakers(clock), _AGEING_STEP_MS)
    settings = SystemControllerConfig(
        system_controller_mode=mode, skalds_token=token, task_max_attempts=4, dispatcher_interval=5
    )
    around = Surroundings(engine, clock, ids, random.Random(1), Timings(), "controller-1")
    tail = ChangeTail(engine.ledger, cluster.live_runs, keys, clock)
    dispatcher = leadership = None
    if mode is SystemControllerModeEnum.DISPATCHER:
        leadership = Leadership(Duty.DISPATCHER, "controller-1", engine.leases, clock, Timings())
        sight = Sight(picture, keys, tail.run_once)
        dispatcher = Dispatcher(leadership, sight, DispatchPolicy.configured(settings), around)
        tail.listeners.append(dispatcher.follow)
    events = LiveEvents(replace(around, ids=CountingIds("e")), cluster, lambda: tail.position)
    tail.listeners.append(events.follow_changes)
    made = ApiParts(engine, cluster, events, dispatcher, clock, ids, settings, policies, picture, **parts)
    app = create_app(made)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=LOCAL) as http:
        yield Served(made, app, http, engine, clock, tail, leadership)
