"""What happens to the tasks of lost nodes: which sessions to take back, and which to wait for."""

from collections.abc import Sequence
from dataclasses import dataclass

from skalds.planning.liveness import is_mass_loss

MASS_LOSS_PATIENCE_S = 300.0
"""How long a mass loss is held before its tasks are taken back all the same."""


@dataclass(frozen=True, slots=True)
class SessionState:
    """One session that holds runs or is registered.

    `certain`: closed, replaced, or its process is known to be gone. `silent`: lost by silence alone. `left`: it said
    goodbye itself.
    """

    node_id: str
    session: int
    certain: bool
    silent: bool = False
    left: bool = False


@dataclass(frozen=True, slots=True)
class RecoveryPlan:
    """Sessions to take back now, and whether silent ones are held because too many fell silent at once."""

    take_back: Sequence[SessionState]
    held: int


def plan_recovery(sessions: Sequence[SessionState], known_nodes: int, held_for: float, recent: int = 0) -> RecoveryPlan:
    """Takes back every session that certainly ended, and silent ones unless suspiciously many fell silent at once.

    `held_for` says for how long (s) a mass loss has been held already, `recent` how many silent sessions were taken
    back a moment ago and are known no more: nodes that fall silent together are not all found at the same look.
    """
    certain = [state for state in sessions if state.certain]
    silent = [state for state in sessions if state.silent and not state.certain]
    if silent and is_mass_loss(len(silent) + recent, known_nodes + recent) and held_for < MASS_LOSS_PATIENCE_S:
        return RecoveryPlan(certain, len(silent))
    return RecoveryPlan([*certain, *silent], 0)
