"""Keys of lanes are asked for once and remembered."""

from collections.abc import Iterable, Mapping

import pytest

from skalds.model.lane import LaneKey
from skalds.system_controller.lane_keys import LaneKeys

KEYS = {lane: LaneKey("t", f"C{lane}") for lane in (1, 2, 3)}


class Board:
    """Knows three lanes, and what it was asked."""

    def __init__(self) -> None:
        self.asked: list[set[int]] = []

    async def keys(self, lanes: Iterable[int]) -> Mapping[int, LaneKey]:
        self.asked.append(set(lanes))
        return {lane: KEYS[lane] for lane in lanes if lane in KEYS}


async def test_only_what_is_not_known_yet_is_asked_for() -> None:
    board = Board()
    keys = LaneKeys(board)  # type: ignore[arg-type]
    await keys.learn([1, 2])
    await keys.learn([1, 2])
    await keys.learn([2, 3])

    assert dict(keys) == KEYS
    assert board.asked == [{1, 2}, {3}]


async def test_no_lane_is_no_question() -> None:
    board = Board()
    await LaneKeys(board).learn([0, 0])  # type: ignore[arg-type]

    assert board.asked == []


async def test_what_the_store_does_not_know_stays_unknown_and_is_asked_for_again() -> None:
    board = Board()
    keys = LaneKeys(board)  # type: ignore[arg-type]
    await keys.learn([9])
    await keys.learn([9])

    assert (len(keys), keys.get(9), board.asked) == (0, None, [{9}, {9}])
    with pytest.raises(KeyError):
        keys[9]


async def test_what_came_with_something_else_need_not_be_asked_for() -> None:
    board = Board()
    keys = LaneKeys(board)  # type: ignore[arg-type]
    keys.note(1, KEYS[1])
    await keys.learn([1])

    assert (keys[1], board.asked) == (KEYS[1], [])


async def test_what_is_forgotten_is_asked_for_again() -> None:
    board = Board()
    keys = LaneKeys(board)  # type: ignore[arg-type]
    await keys.learn([1, 2, 3])
    keys.keep_only([2, 9])
    assert dict(keys) == {2: KEYS[2]}

    await keys.learn([1, 2])

    assert (dict(keys), board.asked) == ({1: KEYS[1], 2: KEYS[2]}, [{1, 2, 3}, {1}])


async def test_who_asks_has_all_it_asked_for_though_some_was_forgotten_meanwhile() -> None:
    board = Board()
    keys = LaneKeys(board)  # type: ignore[arg-type]
    await keys.learn([1])
    ask = board.keys

    async def ask_slowly(lanes: Iterable[int]) -> Mapping[int, LaneKey]:
        keys.keep_only([])
        return await ask(lanes)

    board.keys = ask_slowly  # type: ignore[method-assign]
    await keys.learn([1, 2])

    assert dict(keys) == {1: KEYS[1], 2: KEYS[2]}
