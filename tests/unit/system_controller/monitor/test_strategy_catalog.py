"""Strategies of installed packages join the built-in ones, or say what is wrong with them."""

from collections.abc import Callable
from pathlib import Path

import pytest

from skalds.config._enum import DispatcherStrategyEnum
from skalds.errors import ConfigurationError
from skalds.system_controller.monitor.strategy_catalog import load_strategies

Install = Callable[[str], None]

MODULE = """
class Own:
    def picker(self, pool, rng):
        return None

class Broken:
    def __init__(self):
        raise KeyError("temperature")

class NoStrategy:
    pass
"""


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Install:
    """Installs a package with these lines of entry points."""

    def install_package(lines: str) -> None:
        folder = tmp_path / "someones_package-1.0.dist-info"
        folder.mkdir()
        (folder / "METADATA").write_text("Metadata-Version: 2.1\nName: someones-package\nVersion: 1.0\n")
        (folder / "entry_points.txt").write_text(f"[skalds.strategies]\n{lines}\n")
        (tmp_path / "someones_strategies.py").write_text(MODULE)
        monkeypatch.syspath_prepend(str(tmp_path))

    return install_package


def test_without_packages_there_are_the_built_in_ones_in_their_order() -> None:
    assert list(load_strategies()) == DispatcherStrategyEnum.list()


def test_strategy_of_a_package_is_known_by_its_name_in_capital_letters(install: Install) -> None:
    install("Coldest = someones_strategies:Own")
    strategies = load_strategies()

    assert list(strategies) == [*DispatcherStrategyEnum.list(), "COLDEST"]
    assert type(strategies["COLDEST"]()).__name__ == "Own"


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ("COLDEST = someones_strategies:Missing", ["COLDEST", "someones_strategies:Missing", "AttributeError"]),
        ("COLDEST = no_such_module:Own", ["COLDEST", "no_such_module:Own", "ModuleNotFoundError"]),
        ("COLDEST = someones_strategies:Broken", ["COLDEST", "KeyError", "temperature"]),
        ("COLDEST = someones_strategies:NoStrategy", ["COLDEST", "NoStrategy has no method picker"]),
        ("random = someones_strategies:Own", ["random", "another name"]),
        ("A = someones_strategies:Own\na = someones_strategies:Own", ["entry point a", "another name"]),
    ],
)
def test_broken_or_clashing_entry_point_is_named(install: Install, lines: str, said: list[str]) -> None:
    install(lines)
    with pytest.raises(ConfigurationError) as raised:
        load_strategies()

    assert [part for part in said if part not in raised.value.message] == []
