"""How bad the network is: the chances of every small fault, drawn from the seed and set to nothing when faults stop."""

import random
from dataclasses import dataclass
from enum import Enum

_SWIFT_S = 0.004


class Fate(Enum):
    """What becomes of one call that can reach the store."""

    DONE = "done"
    NOT_DONE = "not done, and the caller knows"
    DONE_UNTOLD = "done, but the caller does not learn it"
    NOT_DONE_UNTOLD = "not done, but the caller does not learn it"


@dataclass(slots=True)
class Weather:
    """Chances from 0 to 1 of each fault, per call or message; `longest` (s) bounds a delay."""

    rng: random.Random
    slow: float = 0.0
    longest: float = 0.0
    unavailable: float = 0.0
    untold: float = 0.0
    lost_hints: float = 0.0
    repeated_hints: float = 0.0
    lost_beats: float = 0.0
    stale_beats: float = 0.0
    launch_failures: float = 0.0
    broken: tuple[str, str] = ("", "")
    """A class that fails at once on a node."""

    calm: bool = False

    @classmethod
    def drawn(cls, rng: random.Random) -> "Weather":
        """Each kind of fault is absent in about half of the seeds, so that the others show undisturbed."""

        def maybe(most: float) -> float:
            return rng.uniform(0, most) if rng.random() < 0.5 else 0.0

        return cls(
            rng,
            slow=rng.choice((0.02, 0.2, 0.6)),
            longest=rng.choice((0.02, 0.3, 2.0)),
            unavailable=maybe(0.1),
            untold=maybe(0.1),
            lost_hints=rng.choice((0.0, 0.0, 0.3, 1.0)),
            repeated_hints=maybe(0.5),
            lost_beats=maybe(0.5),
            stale_beats=maybe(0.3),
            launch_failures=rng.choice((0.0, 0.0, 0.05)),
        )

    def calm_down(self, *, hints_arrive: bool) -> None:
        """No more faults; hints may stay lost for good, which must cost latency only."""
        self.slow, self.longest = 0.1, 0.005
        self.unavailable = self.untold = self.repeated_hints = self.lost_beats = self.stale_beats = 0.0
        self.launch_failures = 0.0
        self.broken = ("", "")
        self.calm = True
        self.lost_hints = 0.0 if hints_arrive else 1.0

    def delay(self) -> float:
        """How long one leg of a call or message takes (s)."""
        chance = self.rng.random()
        if self.longest and chance < self.slow:
            return self.longest * self.rng.random() ** 2
        # Half of what is swift takes no time at all, which is cheap to simulate; its turn is still chance.
        return max(0.0, _SWIFT_S * (chance - 0.5))

    def fate(self, *, writes: bool) -> Fate:
        """What becomes of the next call."""
        chance = self.rng.random()
        if chance < self.unavailable:
            return Fate.NOT_DONE
        if chance < self.unavailable + self.untold:
            # A reading whose answer is lost has failed, whether it took place or not.
            if not writes:
                return Fate.NOT_DONE
            return Fate.DONE_UNTOLD if self.rng.random() < 0.5 else Fate.NOT_DONE_UNTOLD
        return Fate.DONE

    def breaks(self, class_name: str, node_id: str) -> bool:
        """Whether runs of the class fail at once on the node."""
        return self.broken == (class_name, node_id)

    def loses_hint(self) -> bool:
        return self.rng.random() < self.lost_hints

    def copies_of_hint(self) -> int:
        """How often one message arrives."""
        if self.loses_hint():
            return 0
        return 2 if self.rng.random() < self.repeated_hints else 1
