"""How the dispatcher chooses and how often it looks, and who said so."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Self

from skalds.config._enum import DispatcherStrategyEnum
from skalds.config.system_controller_config import SystemControllerConfig
from skalds.errors import ValidationFailed

STRATEGY_KEY = "dispatcher.strategy"
RUNTIME = "runtime"


def parse_strategy(value: DispatcherStrategyEnum | str) -> DispatcherStrategyEnum:
    """The strategy of this name, in any case; raises `ValidationFailed` with the valid names."""
    try:
        return DispatcherStrategyEnum(value.upper())
    except ValueError:
        valid = ", ".join(DispatcherStrategyEnum.list())
        raise ValidationFailed.of("strategy", f"there is no strategy {value!r}; valid are {valid}") from None


@dataclass(frozen=True, slots=True)
class DispatchPolicy:
    """Strategy and interval with their source: `runtime`, `argument`, `environment`, `.env` or `default`."""

    strategy: DispatcherStrategyEnum
    interval: timedelta
    strategy_source: str

    @classmethod
    def configured(cls, config: SystemControllerConfig) -> Self:
        """What arguments, environment and defaults say."""
        interval = timedelta(seconds=config.dispatcher_interval)
        return cls(config.dispatcher_strategy, interval, config.source("dispatcher_strategy").value)

    def overlaid(self, stored: Mapping[str, str]) -> Self:
        """This policy with what was set at run time on top; a strategy this version does not know is left out."""
        if stored.get(STRATEGY_KEY) not in DispatcherStrategyEnum.list():
            return self
        return replace(self, strategy=parse_strategy(stored[STRATEGY_KEY]), strategy_source=RUNTIME)
