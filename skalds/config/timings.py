"""The clocks of the system that are part of its promises and therefore not read from the environment."""

from dataclasses import dataclass, fields
from datetime import timedelta

from skalds.errors import ConfigurationError


@dataclass(frozen=True, slots=True, kw_only=True)
class Timings:
    """How often signs of life are given and how long their absence is borne; tests pass shorter ones."""

    beat: timedelta = timedelta(seconds=1)
    suspect: timedelta = timedelta(seconds=3)
    lost: timedelta = timedelta(seconds=10)
    accept: timedelta = timedelta(seconds=5)
    lease_ttl: timedelta = timedelta(seconds=3)
    lease_renew: timedelta = timedelta(seconds=1)
    lease_margin: timedelta = timedelta(seconds=0.5)
    cancel_grace: timedelta = timedelta(seconds=10)
    drain: timedelta = timedelta(seconds=300)
    node_reread: timedelta = timedelta(seconds=2)

    def __post_init__(self) -> None:
        for field in fields(self):
            if getattr(self, field.name) <= timedelta():
                raise ConfigurationError(field.name, str(getattr(self, field.name)), "a duration above zero")
        # A node or a leader must have a second chance before others draw conclusions from its silence.
        self._require("beat", "suspect")
        self._require("suspect", "lost")
        if self.lease_renew + self.lease_margin >= self.lease_ttl:
            raise ConfigurationError("lease_ttl", str(self.lease_ttl), "more than lease_renew + lease_margin")

    def _require(self, shorter: str, longer: str) -> None:
        if getattr(self, shorter) >= getattr(self, longer):
            raise ConfigurationError(longer, str(getattr(self, longer)), f"more than {shorter}")
