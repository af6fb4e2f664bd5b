"""Which nodes are late or lost at a given time."""

from dataclasses import dataclass

from skalds.model.node import Liveness


@dataclass(frozen=True, slots=True)
class Silence:
    """How long an observer has not heard of a node (s, its own clock), and whether the process certainly ended."""

    seconds: float
    exited: bool = False


def judge(silence: Silence, suspect_after: float, lost_after: float) -> Liveness:
    """Lost if the process ended or the silence reached `lost_after`, suspect from `suspect_after` on, else online."""
    if silence.exited or silence.seconds >= lost_after:
        return Liveness.LOST
    return Liveness.SUSPECT if silence.seconds >= suspect_after else Liveness.ONLINE


def is_mass_loss(lost: int, known: int) -> bool:
    """Whether so many nodes fell silent at once that the fault is more likely ours: more than max(2, 30 %) of them."""
    return lost > max(2, 0.3 * known)
