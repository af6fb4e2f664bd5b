"""Every strategy keeps what the planner relies on, in made-up scenes and in those that Hypothesis finds."""

from collections.abc import Callable
from typing import cast

import pytest
from hypothesis import given, settings

from skalds.config._enum import DispatcherStrategyEnum
from skalds.planning.strategies.registry import STRATEGIES
from skalds.planning.strategies.strategy import Strategy
from skalds.testing.conformance.strategy import Scene, StrategySuite, play
from tests.unit.planning.pools import scenes, strategy_names


class TestBuiltIn(StrategySuite):
    @pytest.fixture(params=list(DispatcherStrategyEnum))
    def make_strategy(self, request: pytest.FixtureRequest) -> Callable[[], Strategy]:
        return STRATEGIES[cast("str", request.param)]


@settings(max_examples=400, deadline=None, derandomize=True)
@given(scene=scenes, name=strategy_names)
def test_any_scene_gets_a_node_with_room_if_there_is_one(scene: Scene, name: str) -> None:
    for pick in play(STRATEGIES[name], scene):
        assert pick.node in pick.with_room if pick.with_room else pick.node is None
        assert pick.left_alone


@settings(max_examples=200, deadline=None, derandomize=True)
@given(scene=scenes, name=strategy_names)
def test_any_scene_repeats_with_its_seed(scene: Scene, name: str) -> None:
    assert list(play(STRATEGIES[name], scene, 5)) == list(play(STRATEGIES[name], scene, 5))


def test_every_name_has_a_strategy_and_nothing_else_has() -> None:
    assert list(STRATEGIES) == list(DispatcherStrategyEnum)
