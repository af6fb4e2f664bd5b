"""How the dispatcher chooses, how often it looks, whether it rests, and who said so."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Self

from skalds.config.system_controller_config import SystemControllerConfig
from skalds.errors import FieldProblem, ValidationFailed

STRATEGY_KEY = "dispatcher.strategy"
INTERVAL_KEY = "dispatcher.interval"
PAUSED_KEY = "dispatcher.paused"
RUNTIME = "runtime"
LONGEST_INTERVAL_S = 86_400


@dataclass(frozen=True, slots=True)
class DispatchPolicy:
    """Strategy, interval and pause, each with its source: `runtime`, `argument`, `environment`, `.env`, `default`."""

    strategy: str
    interval: timedelta
    strategy_source: str = "default"
    interval_source: str = "default"
    paused: bool = False
    paused_source: str = "default"

    @classmethod
    def configured(cls, config: SystemControllerConfig) -> Self:
        """What arguments, environment and defaults say."""
        return cls(
            config.dispatcher_strategy.upper(),
            timedelta(seconds=config.dispatcher_interval),
            config.source("dispatcher_strategy").value,
            config.source("dispatcher_interval").value,
        )

    def describe(self) -> dict[str, Any]:
        """As JSON; the interval in seconds."""
        return {
            "strategy": self.strategy,
            "strategySource": self.strategy_source,
            "interval": round(self.interval.total_seconds()),
            "intervalSource": self.interval_source,
            "paused": self.paused,
            "pausedSource": self.paused_source,
        }

    def overlaid(self, stored: Mapping[str, str], strategies: Collection[str]) -> Self:
        """This policy with what was set at run time on top; what this version does not know is left out."""
        policy = self
        if stored.get(STRATEGY_KEY) in strategies:
            policy = replace(policy, strategy=stored[STRATEGY_KEY], strategy_source=RUNTIME)
        seconds = _stored_interval(stored.get(INTERVAL_KEY, ""))
        if seconds is not None:
            policy = replace(policy, interval=timedelta(seconds=seconds), interval_source=RUNTIME)
        if PAUSED_KEY in stored:
            policy = replace(policy, paused=stored[PAUSED_KEY] == "true", paused_source=RUNTIME)
        return policy


def parse_changes(changes: Mapping[str, Any], strategies: Collection[str]) -> Mapping[str, str | None]:
    """What to store for `changes` (any of strategy, interval in s, paused; None: as configured).

    Raises `ValidationFailed` naming every wrong field.
    """
    stored: dict[str, str | None] = {}
    problems: list[FieldProblem] = []
    for field, value in changes.items():
        key, read, expected = _FIELDS[field]
        text = None if value is None else read(value, strategies)
        if value is not None and text is None:
            problems.append(FieldProblem(field, expected(value, strategies)))
        stored[key] = text
    if problems:
        raise ValidationFailed(problems)
    return stored


def _stored_interval(text: str) -> int | None:
    """What `_read_interval` stored, or None: any other number would let the loop spin or never look again."""
    seconds = int(text) if text.isdecimal() and len(text) <= len(str(LONGEST_INTERVAL_S)) else 0
    return seconds if 1 <= seconds <= LONGEST_INTERVAL_S else None


def _read_strategy(value: Any, strategies: Collection[str]) -> str | None:
    return value.upper() if isinstance(value, str) and value.upper() in strategies else None


def _read_interval(value: Any, _: Collection[str]) -> str | None:
    return str(value) if type(value) is int and 1 <= value <= LONGEST_INTERVAL_S else None


def _read_paused(value: Any, _: Collection[str]) -> str | None:
    return str(value).lower() if isinstance(value, bool) else None


_FIELDS: Mapping[str, Any] = {
    "strategy": (
        STRATEGY_KEY,
        _read_strategy,
        lambda value, names: f"there is no strategy {value!r}; valid are {', '.join(names)}",
    ),
    "interval": (
        INTERVAL_KEY,
        _read_interval,
        lambda value, _: f"must be a whole number of seconds from 1 to {LONGEST_INTERVAL_S}, or null",
    ),
    "paused": (PAUSED_KEY, _read_paused, lambda value, _: "must be true, false or null"),
}
"""Field → (name in the store, from value to text or None if it is wrong, what to say then)."""
