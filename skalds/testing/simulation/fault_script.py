"""The large faults of one seed: what happens to which host, when and for how long."""

import random
from collections.abc import Sequence
from enum import Enum
from typing import NamedTuple

_LONGEST_FREEZE_S = 60.0


class FaultKind(Enum):
    """What can happen to a host, or to all: no beat is heard, or nobody reaches the store."""

    CRASH = "crash"
    CRASH_AND_RESTART_AT_ONCE = "crash and restart at once"
    FREEZE = "freeze"
    CUT = "cut"
    JUMP = "jump"
    STOP = "stop"
    DRAIN = "drain"
    DOUBLE = "double"
    DEAF_TO_BEATS = "deaf to beats"
    STORE_DOWN = "store down"


_DISTURBING = frozenset({FaultKind.FREEZE, FaultKind.CUT})


class Fault(NamedTuple):
    """One fault: it begins at `at` and ends after `seconds`."""

    at: float
    kind: FaultKind
    host: str
    seconds: float


class Request(Enum):
    """What the client asks for: a new task, something about a task, or something about all of them."""

    SUBMIT = "submit"
    COMMAND = "command"
    ACTION = "action"


class Script(NamedTuple):
    """What happens until faults stop at `end`."""

    end: float
    faults: Sequence[Fault]
    requests: Sequence[tuple[float, Request]]
    """When somebody asks for something, and for what."""


def draw_script(rng: random.Random, controllers: Sequence[str], nodes: Sequence[str]) -> Script:
    """A script; most are short, a few hold a freeze of a minute."""
    long = rng.random() < 0.03
    end = _LONGEST_FREEZE_S + 15 if long else rng.uniform(5, 17)
    kinds = [kind for kind in FaultKind if rng.random() < 0.6]
    faults = []
    for _ in range(rng.randrange(9) if kinds else 0):
        kind = rng.choice(kinds)
        only_nodes = kind in (FaultKind.DOUBLE, FaultKind.DEAF_TO_BEATS, FaultKind.DRAIN)
        host = rng.choice(nodes) if only_nodes or rng.random() < 0.55 else rng.choice(controllers)
        longest = _LONGEST_FREEZE_S if long else 14.0
        faults.append(Fault(rng.uniform(0, end), kind, host, 0.2 + longest * rng.random() ** 2))
    faults += [
        Fault(rng.uniform(0, end), FaultKind.JUMP, rng.choice((*controllers, *nodes)), 0.0)
        for _ in range(rng.choice((0, 0, 8)))
    ]
    return Script(end, sorted(faults, key=lambda fault: fault.at), _requests(rng, end, faults, controllers))


def _requests(
    rng: random.Random, end: float, faults: Sequence[Fault], controllers: Sequence[str]
) -> Sequence[tuple[float, Request]]:
    requests = [(rng.uniform(0, end), Request.SUBMIT) for _ in range(rng.randrange(4, 18))]
    requests += [(rng.uniform(0, end), Request.COMMAND) for _ in range(rng.randrange(12))]
    requests += [(rng.uniform(0, end), Request.ACTION) for _ in range(rng.choice((0, 0, 3, 8)))]
    # Work for a leader at the moment it is disturbed, and a backlog that is still there when it comes back.
    disturbed = [fault.at for fault in faults if fault.host in controllers and fault.kind in _DISTURBING]
    requests += [(max(0.0, at - rng.uniform(-0.005, 0.02)), Request.SUBMIT) for at in disturbed]
    if disturbed and rng.random() < 0.5:
        requests += [(max(0.0, disturbed[0] - rng.random()), Request.SUBMIT) for _ in range(20)]
    return sorted(requests, key=lambda request: request[0])
