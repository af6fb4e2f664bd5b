"""The large faults of one seed: what happens to which host, when and for how long."""

import random
from collections.abc import Sequence
from enum import Enum
from typing import NamedTuple

_LONGEST_FREEZE_S = 60.0


class FaultKind(Enum):
    """What can happen to a host, or (presence) to the hearing of all nodes."""

    CRASH = "crash"
    CRASH_AND_RESTART_AT_ONCE = "crash and restart at once"
    FREEZE = "freeze"
    CUT = "cut"
    JUMP = "jump"
    STOP = "stop"
    DOUBLE = "double"
    DEAF_TO_BEATS = "deaf to beats"


_DISTURBING = frozenset({FaultKind.FREEZE, FaultKind.CUT})


class Fault(NamedTuple):
    """One fault: it begins at `at` and ends after `seconds`."""

    at: float
    kind: FaultKind
    host: str
    seconds: float


class Script(NamedTuple):
    """What happens until faults stop at `end`."""

    end: float
    faults: Sequence[Fault]
    requests: Sequence[tuple[float, bool]]
    """When the client asks for something, and whether that is a submit."""


def draw_script(rng: random.Random, controllers: Sequence[str], nodes: Sequence[str]) -> Script:
    """A script; most are short, a few hold a freeze of a minute."""
    long = rng.random() < 0.03
    end = _LONGEST_FREEZE_S + 15 if long else rng.uniform(5, 17)
    kinds = [kind for kind in FaultKind if rng.random() < 0.6]
    faults = []
    for _ in range(rng.randrange(9) if kinds else 0):
        kind = rng.choice(kinds)
        only_nodes = kind in (FaultKind.DOUBLE, FaultKind.DEAF_TO_BEATS)
        host = rng.choice(nodes) if only_nodes or rng.random() < 0.55 else rng.choice(controllers)
        longest = _LONGEST_FREEZE_S if long else 14.0
        faults.append(Fault(rng.uniform(0, end), kind, host, 0.2 + longest * rng.random() ** 2))
    faults += [
        Fault(rng.uniform(0, end), FaultKind.JUMP, rng.choice((*controllers, *nodes)), 0.0)
        for _ in range(rng.choice((0, 0, 8)))
    ]
    requests = [(rng.uniform(0, end), True) for _ in range(rng.randrange(4, 20))]
    requests += [(rng.uniform(0, end), False) for _ in range(rng.randrange(12))]
    # Work for a leader at the moment it is disturbed, and a backlog that is still there when it comes back.
    disturbed = [fault.at for fault in faults if fault.host in controllers and fault.kind in _DISTURBING]
    requests += [(max(0.0, at - rng.uniform(-0.005, 0.02)), True) for at in disturbed]
    if disturbed and rng.random() < 0.5:
        requests += [(max(0.0, disturbed[0] - rng.random()), True) for _ in range(20)]
    return Script(end, sorted(faults, key=lambda fault: fault.at), sorted(requests))
