"""The snapshot as a controller can take it from memory: nodes, limits, shares; lanes come from whoever read them."""

from collections.abc import Collection, Mapping, Sequence
from types import MappingProxyType

from skalds.model.policy import DEFAULT_KEY_LIMIT, NodePolicy, Policies, TenantPolicy
from skalds.model.resources import resources_of
from skalds.model.snapshot import ClusterSnapshot, KeyView, LaneView, NodeView, TenantView
from skalds.planning.reservations import reservation
from skalds.system_controller.breakers import NO_TRIPS, Breakers, Trips
from skalds.system_controller.fleet import Cluster, KnownNode
from skalds.system_controller.policy_book import PolicyBook
from skalds.system_controller.usage import NO_USE

_NO_TURNS: Mapping[str, int] = MappingProxyType({})
_NO_POLICY = NodePolicy()
_NO_TENANT = TenantPolicy()


class ClusterPicture:
    """Puts together what the parts of a controller know; every replica has one, whoever leads."""

    def __init__(
        self, cluster: Cluster, policies: PolicyBook, breakers: Breakers, ageing_step_ms: int, spread_label: str = ""
    ) -> None:
        self.cluster = cluster
        self.breakers = breakers
        self.ageing_step_ms = ageing_step_ms
        self._policies = policies
        self._spread_label = spread_label
        self._last_starts: dict[str, int] = {}

    def note_starts(self, tenants: Sequence[str], now: int) -> None:
        """Tasks of these tenants were given away at `now` (wall ms)."""
        for tenant in tenants:
            self._last_starts[tenant] = now

    def forget_starts(self, waiting: Collection[str]) -> None:
        """Drops the latest starts of tenants that neither wait nor run: their next task waits from its own moment."""
        used = self.cluster.live_runs.usage.tenants
        self._last_starts = {
            tenant: start for tenant, start in self._last_starts.items() if tenant in used or tenant in waiting
        }

    def snapshot(
        self, now: int, lanes: Collection[LaneView] = (), turns: Mapping[str, int] = _NO_TURNS
    ) -> ClusterSnapshot:
        """Everything the planner may know at `now` (wall ms), with these lanes."""
        policies = self._policies.current
        return ClusterSnapshot(
            now,
            self.nodes(turns),
            lanes,
            self._tenants(policies),
            self._keys(policies),
            self.cluster.live_runs.preemptible.views(),
            self.ageing_step_ms,
            self._spread_label,
        )

    def nodes(self, turns: Mapping[str, int] = _NO_TURNS) -> Sequence[NodeView]:
        """The open nodes as the planner sees them, with their load and the latest turn each got."""
        trips = self.breakers.trips(self.cluster.live_runs.usage)
        policies = self._policies.current
        views = []
        for known in self.cluster.fleet.all():
            registration = known.registration
            if not registration.closed:
                node_id = registration.node.id
                mine = trips.get((node_id, registration.session), NO_TRIPS)
                views.append(self._view(known, policies, mine, turns.get(node_id, 0)))
        return views

    def _view(self, known: KnownNode, policies: Policies, trips: Trips, turn: int) -> NodeView:
        node, session = known.registration.node, known.registration.session
        policy = policies.nodes.get(node.id, _NO_POLICY)
        labels = effective_labels(node.labels, policy.labels) if policy.labels else node.labels
        load = self.cluster.live_runs.load_of(node.id, session)
        return NodeView(
            id=node.id,
            session=session,
            classes=node.classes,
            slots=node.slots,
            mode=node.mode,
            online=known.is_online,
            draining=known.draining,
            cordoned=policy.cordoned or policy.draining,
            labels=labels,
            resources=resources_of(node.resources),
            reserved=reservation(node.reserved, labels, policies.reservations),
            tripped=trips.tripped,
            probing=trips.probing,
            live_tasks=load.tasks,
            used_slots=load.slots,
            used_resources=load.resources,
            machine_load=known.machine_load,
            last_turn=turn,
        )

    def _tenants(self, policies: Policies) -> Mapping[str, TenantView]:
        used = self.cluster.live_runs.usage.tenants
        views = {}
        for name in {*used, *policies.tenants, *self._last_starts}:
            policy, use = policies.tenants.get(name, _NO_TENANT), used.get(name, NO_USE)
            last_start = self._last_starts.get(name, 0)
            views[name] = TenantView(policy.weight, policy.max_running, use.running, use.slots, last_start)
        return views

    def _keys(self, policies: Policies) -> Mapping[str, KeyView]:
        used = self.cluster.live_runs.usage.keys
        return {
            name: KeyView(policies.keys.get(name, DEFAULT_KEY_LIMIT), used.get(name, 0))
            for name in {*used, *policies.keys}
        }


def effective_labels(own: Mapping[str, str], overlaid: Mapping[str, str]) -> Mapping[str, str]:
    """A node's labels with those set at run time on top; an empty text removes one."""
    return {name: value for name, value in {**own, **overlaid}.items() if value}
