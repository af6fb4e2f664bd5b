"""The last phase of a seed: one clean failure, or a backlog, in a cluster that is well; with bounds."""

import asyncio
from typing import TYPE_CHECKING, Any

from skalds.model.lease import Duty
from skalds.model.policy import TenantPolicy
from skalds.system_controller.operations.change_task_status import Command
from skalds.testing.simulation.connection import Cut
from skalds.testing.simulation.history import Probe
from skalds.testing.simulation.simulated_operator import SimulatedOperator

if TYPE_CHECKING:
    from skalds.testing.simulation.simulated_cluster import SimulatedCluster

RATE_S = 10.0
"""How long after the last fault everything is at full rate again (L7)."""

_UNLIMITED: dict[str, Any] = {"tenant": "probe", "priority": 9}
"""What no limit and no reservation holds back."""

_WEIGHTS = (1.0, 1.0, 2.0, 3.0)


async def fail_a_node(cluster: "SimulatedCluster") -> None:
    """One node fails while it runs tasks."""
    world, client, rng = cluster.world, cluster.client, cluster.rng
    for _ in range(4):
        client.submit(attachments={"seconds": 60.0, "reliable": True}, **_UNLIMITED)
    await asyncio.sleep(2.0 if cluster.hints_arrive else 6.0)
    running = [task for task in world.store.live.values() if task.lifecycle_status == "Running" and task.executor]
    if not running:
        return
    victim = cluster.hosts[rng.choice(sorted({task.executor or "" for task in running}))]
    how = rng.choice(("crash", "crash", "crash", "freeze", "cut"))
    tasks = [task.id for task in running if task.executor == victim.name]
    world.history.probe = Probe(world.loop.time(), how, victim.name, tasks)
    if rng.random() < 0.3:
        for host in (*cluster.controllers, *cluster.nodes):
            cluster.jump(host)
    bound = 2.0
    if how == "crash":
        victim.crash()
    else:
        bound = 12.0
        victim.freeze() if how == "freeze" else victim.cut_off(rng.choice(list(Cut)))
    for _ in range(4):
        # Some of these are given to the victim before its silence is noticed.
        client.submit(attachments={"seconds": 0.1, "reliable": True}, **_UNLIMITED)
    await asyncio.sleep(bound + 0.5)
    victim.thaw() if how == "freeze" else victim.heal()
    cluster.restart(victim)
    cancel_all(cluster)


async def fail_the_leader(cluster: "SimulatedCluster") -> None:
    """The controller that dispatches dies, is asked to stop, or freezes, and there is work at that very moment."""
    world, rng = cluster.world, cluster.rng
    lease = world.store.leases.get(Duty.DISPATCHER.value)
    leader = next((host for host in cluster.controllers if lease and host.current.name == lease.holder), None)
    if leader is None:
        return
    how = rng.choice(("crash", "stop", "freeze"))
    for number in range(3):
        world.loop.call_later(0.02 * number, cluster.submit_reliable, 0.2)
    await asyncio.sleep(0.02 + rng.random() * 0.02)
    world.history.probe = Probe(world.loop.time(), how, leader.name, [])
    leader.keep_running = False
    if how == "stop":
        leader.current.shutdown.request()
    else:
        leader.crash() if how == "crash" else leader.freeze()
    await asyncio.sleep(6.0)
    leader.thaw()
    leader.keep_running = True
    cluster.restart(leader)


async def crowd(cluster: "SimulatedCluster") -> None:
    """Two tenants want more than there is; shares, limits and idle slots can be judged undisturbed."""
    world, client, rng = cluster.world, cluster.client, cluster.rng
    operator = SimulatedOperator(client)
    await asyncio.sleep(max(0.0, (world.history.calm_since or 0.0) + RATE_S - world.loop.time()))
    for tenant in ("a", "b"):
        operator.set_tenant(tenant, TenantPolicy(rng.choice(_WEIGHTS), rng.choice((None, None, None, 2))))
    await asyncio.sleep(1.5)
    world.history.healthy_since = world.loop.time()
    cluster.note_stalls()
    if rng.random() < 0.5:
        # So that all of them wait when the first slot is given away, and shares show from the beginning.
        operator.change_dispatcher({"paused": True})
        world.loop.call_later(1.5 if cluster.hints_arrive else 6.0, operator.change_dispatcher, {"paused": None})
        await asyncio.sleep(0.5)
    for _ in range(rng.randrange(4, 10)):
        seconds = rng.choice((0.3, 0.6, 1.5))
        for tenant in rng.choice((("a", "b"), ("a", "b"), ("a", "b", "default"))):
            key = rng.choice((None, None, None, "k1"))
            client.submit(
                attachments={"seconds": seconds, "reliable": True}, tenant=tenant, concurrencyKey=key, maxAttempts=1
            )
    await _watch_one(cluster)
    cluster.note_stalls()


async def _watch_one(cluster: "SimulatedCluster") -> None:
    """A run that gets new attachments on its way, and perhaps has a limit that it does not keep."""
    limit = cluster.rng.choice((0, 1500))
    course = {"seconds": 4.0, "reliable": True}
    task_id = cluster.client.submit(attachments=course, timeoutMs=limit, maxAttempts=1, **_UNLIMITED)
    await asyncio.sleep(2.0 if cluster.hints_arrive else 8.0)
    cluster.client.change_attachments(task_id, course | {"mark": 1})
    await asyncio.sleep(1.0 if cluster.hints_arrive else 4.0)


def cancel_all(cluster: "SimulatedCluster") -> None:
    """Asks for the end of everything."""
    for task_id in [task.id for task in cluster.world.store.rows.values() if not task.final]:
        cluster.client.command(Command.CANCEL, task_id)
