"""The one map from a strategy's public name to its constructor."""

from collections.abc import Callable, Mapping

from skalds.config._enum import DispatcherStrategyEnum
from skalds.planning.strategies.least_tasks import LeastTasks
from skalds.planning.strategies.round_robin import RoundRobin
from skalds.planning.strategies.strategy import Strategy
from skalds.planning.strategies.uniform_random import UniformRandom

STRATEGIES: Mapping[DispatcherStrategyEnum, Callable[[], Strategy]] = {
    DispatcherStrategyEnum.LEAST_TASKS: LeastTasks,
    DispatcherStrategyEnum.ROUND_ROBIN: RoundRobin,
    DispatcherStrategyEnum.RANDOM: UniformRandom,
}
