"""What the users of one seed want: nodes, the tasks they submit and what operators change, all drawn from the seed.

Each feature is absent in about half of the seeds, so that the others show undisturbed and a seed stays cheap.
"""

import random
from collections.abc import Callable, Sequence
from typing import Any

from skalds.model.node import Node
from skalds.model.policy import TenantPolicy
from skalds.model.reserved import Reserved
from skalds.planning.strategies.registry import STRATEGIES
from skalds.system_controller.operations.change_node import NodeCommand
from skalds.testing.simulation.simulated_client import SimulatedClient
from skalds.testing.simulation.simulated_operator import SimulatedOperator

BRITTLE = "Brittle"
"""A class that fails at once on `BRITTLE_NODE`, until faults stop."""

BRITTLE_NODE = "n3"

_GIB = 2**30
NODES = (
    Node("n1", "node", frozenset({"Demo", "Special"}), 1, {"zone": "a"}, {"cpu": 4}),
    Node("n2", "node", frozenset({"Demo", "Special"}), 2, {"zone": "b"}, {"gpu": ("g0",)}, reserved=Reserved(1, 8)),
    Node("n3", "node", frozenset({"Demo", BRITTLE}), 3, {"zone": "a"}, {"cpu": 2, "memory": 2 * _GIB}),
    Node("n4", "node", frozenset({"Demo", BRITTLE}), 2, {"zone": "b"}, {"cpu": 1}),
)

TENANTS = ("default", "a", "b")
KEYS = ("k1", "k2")
_FEATURES = ("tenants", "keys", "labels", "resources", "urgent", "parents", "moments", "limits", "brittle")
_ACTIONS = ("tenant", "key", "node", "strategy", "pause", "interval", "attachments")


class Scenario:
    """The wishes of one seed, made known through the client."""

    def __init__(self, rng: random.Random, client: SimulatedClient) -> None:
        self._rng = rng
        self._client = client
        self._operator = SimulatedOperator(client)
        self.features = frozenset(name for name in _FEATURES if rng.random() < 0.5)
        self.actions: Sequence[str] = [name for name in _ACTIONS if rng.random() < 0.5]

    def submit(self) -> None:
        """Asks for a task, now and then twice under one key."""
        rng, fields = self._rng, self._fields()
        if rng.random() < 0.15:
            fields["idempotencyKey"] = f"key-{rng.randrange(1_000_000)}"
            self._client.submit(**fields)
        self._client.submit(**fields)

    def act(self) -> None:
        """Lets an operator change something for all."""
        if self.actions:
            getattr(self, f"_change_{self._rng.choice(self.actions)}")()

    def _fields(self) -> dict[str, Any]:
        rng = self._rng
        fields: dict[str, Any] = {
            "className": rng.choice(("Demo", "Demo", "Demo", "Special")),
            "attachments": {"seconds": rng.choice((0.05, 0.5, 1.5, 5.0))},
            "slots": rng.choice((1, 1, 1, 2)),
            "priority": rng.randrange(11),
            "maxAttempts": rng.choice((1, 2, 3, 3)),
            "retryDelayMs": rng.choice((0, 200, 1000)),
            "executor": rng.choice((None,) * 9 + ("n2",)),
        }
        for feature, wish in _WISHES.items():
            if feature in self.features and rng.random() < 0.5:
                fields |= wish(rng)
        if fields["slots"] == 2 and (fields["executor"] or fields["className"] == "Special"):
            fields["priority"] = 9  # no other may take both slots of n2
        if "moments" in self.features:
            fields |= self._moments()
        if "parents" in self.features and self._client.submitted and rng.random() < 0.5:
            fields |= self._parents()
        return fields

    def _moments(self) -> dict[str, Any]:
        rng, now = self._rng, self._client.clock.wall_ms()
        not_before = now + rng.randrange(4000) if rng.random() < 0.3 else None
        deadline = now + rng.randrange(4001, 9000) if rng.random() < 0.3 else None
        return {"notBefore": not_before, "deadlineDateTime": deadline}

    def _parents(self) -> dict[str, Any]:
        """One or two of the latest tasks, so that chains and diamonds come about."""
        latest = list(self._client.submitted.values())[-4:]
        parents = self._rng.sample(latest, min(len(latest), self._rng.randrange(1, 3)))
        tenant = parents[0].tenant
        return {"tenant": tenant, "dependencies": [parent.id for parent in parents if parent.tenant == tenant]}

    def _change_tenant(self) -> None:
        rng = self._rng
        most = rng.choice((None, 0, 1, 2, 4))
        policy = TenantPolicy(rng.choice((0.5, 1.0, 3.0)), most, rng.choice((None, None, 3)))
        self._operator.set_tenant(rng.choice(TENANTS), policy)

    def _change_key(self) -> None:
        self._operator.set_key_limit(self._rng.choice(KEYS), self._rng.choice((None, 1, 2, 3)))

    def _change_node(self) -> None:
        self._operator.command_node(self._rng.choice(NODES).id, self._rng.choice(list(NodeCommand)))

    def _change_strategy(self) -> None:
        self._operator.change_dispatcher({"strategy": self._rng.choice((None, *map(str, STRATEGIES)))})

    def _change_pause(self) -> None:
        self._operator.change_dispatcher({"paused": self._rng.choice((True, False, False, None))})

    def _change_interval(self) -> None:
        self._operator.change_dispatcher({"interval": self._rng.choice((None, 1, 2))})

    def _change_attachments(self) -> None:
        if self._client.submitted:
            task = self._rng.choice(list(self._client.submitted.values()))
            seconds = (task.attachments or {}).get("seconds", 1.0)
            self._client.change_attachments(task.id, {"seconds": seconds, "mark": self._rng.randrange(1_000_000)})

    def pacify(self) -> None:
        """Lifts what could keep tasks from ending for ever; shares and most limits stay."""
        self._operator.change_dispatcher({"paused": None, "interval": None})
        for node in NODES:
            self._operator.command_node(node.id, NodeCommand.UNCORDON)
        for tenant in TENANTS:
            limit = self._rng.choice((None, 1, 3))
            self._operator.set_tenant(tenant, TenantPolicy(self._rng.choice((1.0, 2.0)), limit))


_WISHES: dict[str, Callable[[random.Random], dict[str, Any]]] = {
    "tenants": lambda rng: {"tenant": rng.choice(TENANTS)},
    "keys": lambda rng: {"concurrencyKey": rng.choice(KEYS)},
    "labels": lambda rng: {"requires" if rng.random() < 0.5 else "prefers": _zone(rng), "slots": 1, "executor": None},
    "resources": lambda rng: {
        "className": "Demo",
        "slots": 1,
        "executor": None,
        "requires": {},
        "resources": _resources(rng),
    },
    "urgent": lambda rng: {"preemptible": True, "priority": rng.randrange(3)},
    "limits": lambda rng: {"timeoutMs": rng.choice((1200, 2000))},
    "brittle": lambda rng: {"className": BRITTLE, "slots": 1, "executor": None, "requires": {}, "resources": {}},
}
"""What a feature asks for; later ones win."""


def _zone(rng: random.Random) -> dict[str, str]:
    return {"zone": rng.choice("ab")}


def _resources(rng: random.Random) -> dict[str, Any]:
    """What one node at least has, whatever the task's priority."""
    amounts: dict[str, Any] = rng.choice(({"cpu": 1}, {"cpu": 2}, {"cpu": 0.5, "memory": _GIB}, {"gpu": 1}))
    return amounts
