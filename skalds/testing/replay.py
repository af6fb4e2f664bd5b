"""Plans a dumped pass again: `python -m skalds.testing.replay FILE`; exit status 0 if the plan is the same.

`skalds dispatcher dump` writes the file: the snapshot, the strategy, the seed, and the plan that was made of them.
"""

import json
import random
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from skalds.model.snapshot_json import plan_to_json, snapshot_from_json
from skalds.planning.dispatch import plan_dispatch
from skalds.planning.strategies.registry import STRATEGIES

SUPPORTED = 1
"""The version of dumps that can be read."""

_USAGE = "usage: python -m skalds.testing.replay FILE\n"


class Replayed(NamedTuple):
    """The plan as dumped and as made again, both as JSON values."""

    dumped: Mapping[str, Any]
    again: Mapping[str, Any]

    @property
    def is_same(self) -> bool:
        return self.dumped == self.again

    def differences(self) -> Sequence[str]:
        """The parts of the plan that differ."""
        return [
            name for name in self.dumped.keys() | self.again.keys() if self.dumped.get(name) != self.again.get(name)
        ]


def replay(dump: Mapping[str, Any]) -> Replayed:
    """Plans the dumped pass again; raises `ValueError` if it cannot be read or its strategy is not known here."""
    if dump.get("version") != SUPPORTED:
        raise ValueError(f"version {dump.get('version')!r} of a dump is not known, only {SUPPORTED}")
    strategies = {str(name): make for name, make in STRATEGIES.items()}
    if dump["strategy"] not in strategies:
        raise ValueError(f"there is no strategy {dump['strategy']!r}; known are {', '.join(strategies)}")
    try:
        snapshot = snapshot_from_json(dump["snapshot"])
    except (KeyError, TypeError) as error:
        raise ValueError(f"the snapshot cannot be read: {error!r}") from error
    plan = plan_dispatch(snapshot, strategies[dump["strategy"]](), random.Random(dump["seed"]))  # noqa: S311 - a replay
    return Replayed(dump["plan"], plan_to_json(plan))


def main(arguments: Sequence[str]) -> int:
    """Says what came of it: 0 the same plan, 1 another, 2 not readable."""
    if arguments and arguments[0] in ("-h", "--help"):
        sys.stdout.write(f"{_USAGE}\n{__doc__}")
        return 0
    if len(arguments) != 1:
        sys.stderr.write(_USAGE)
        return 2
    try:
        replayed = replay(json.loads(Path(arguments[0]).read_text(encoding="utf-8")))
    except (OSError, ValueError, KeyError, AttributeError) as error:
        sys.stderr.write(f"{arguments[0]}: {error}\n")
        return 2
    count = len(replayed.again["assignments"])
    if replayed.is_same:
        sys.stdout.write(f"the same plan: {count} assignments\n")
        return 0
    sys.stdout.write(f"another plan: {count} assignments, differs in {', '.join(sorted(replayed.differences()))}\n")
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
