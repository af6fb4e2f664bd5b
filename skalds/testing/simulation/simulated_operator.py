"""What operators ask of a simulated cluster as a whole: limits, nodes, dispatching."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from skalds.model.policy import TenantPolicy
from skalds.planning.strategies.registry import STRATEGIES
from skalds.system_controller.monitor.dispatch_control import DispatchControl
from skalds.system_controller.monitor.dispatch_policy import DispatchPolicy
from skalds.system_controller.operations.change_node import NodeCommand, command_node
from skalds.testing.simulation.simulated_client import SimulatedClient


class SimulatedOperator:
    """Someone who may change everything, through the API of a client."""

    def __init__(self, client: SimulatedClient) -> None:
        self._client = client

    def set_tenant(self, name: str, policy: TenantPolicy | None) -> None:
        """Asks for other shares and limits of a tenant."""
        self._client.ask("set tenant", name, self._client.policies.set_tenant(name, policy))

    def set_key_limit(self, key: str, limit: int | None) -> None:
        """Asks for another limit of a concurrency key."""
        self._client.ask("limit", key, self._client.policies.set_key_limit(key, limit))

    def command_node(self, node_id: str, command: NodeCommand) -> None:
        """Asks for a change of a node."""
        directory = self._client.current.engine.directory
        self._client.ask(command.value, node_id, command_node(self._client.policies, directory, node_id, command))

    def change_dispatcher(self, changes: Mapping[str, Any]) -> None:
        """Asks for another strategy, interval or pause."""
        configured = DispatchPolicy("LEAST_TASKS", timedelta(seconds=5))
        control = DispatchControl(configured, self._client.current.engine.settings, STRATEGIES)
        self._client.ask(f"dispatcher {changes}", "", control.change(changes))
