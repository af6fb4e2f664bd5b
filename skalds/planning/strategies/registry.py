"""The one map from the name of a built-in strategy to its constructor.

Strategies of other packages join it in `system_controller/monitor/strategy_catalog.py`, where importing is allowed.
"""

from collections.abc import Callable, Mapping

from skalds.config._enum import DispatcherStrategyEnum
from skalds.planning.strategies.bin_pack import BinPack
from skalds.planning.strategies.least_loaded import LeastLoaded
from skalds.planning.strategies.least_tasks import LeastTasks
from skalds.planning.strategies.power_of_two import PowerOfTwo
from skalds.planning.strategies.round_robin import RoundRobin
from skalds.planning.strategies.spread import Spread
from skalds.planning.strategies.sticky import Sticky
from skalds.planning.strategies.strategy import Strategy
from skalds.planning.strategies.uniform_random import UniformRandom
from skalds.planning.strategies.weighted import Weighted

STRATEGIES: Mapping[str, Callable[[], Strategy]] = {
    DispatcherStrategyEnum.LEAST_TASKS: LeastTasks,
    DispatcherStrategyEnum.ROUND_ROBIN: RoundRobin,
    DispatcherStrategyEnum.RANDOM: UniformRandom,
    DispatcherStrategyEnum.POWER_OF_TWO: PowerOfTwo,
    DispatcherStrategyEnum.WEIGHTED: Weighted,
    DispatcherStrategyEnum.BIN_PACK: BinPack,
    DispatcherStrategyEnum.SPREAD: Spread,
    DispatcherStrategyEnum.STICKY: Sticky,
    DispatcherStrategyEnum.LEAST_LOADED: LeastLoaded,
}
