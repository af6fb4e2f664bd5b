"""The example of a strategy of one's own does what the page says, and passes the public suite."""

import importlib
import subprocess
import sys
import tomllib
from collections.abc import Callable
from types import ModuleType

import pytest

from skalds.config.strategy_name import STRATEGY_GROUP
from skalds.planning.strategies.strategy import Strategy
from skalds.testing.conformance.strategy import StrategySuite
from tests.unit.docs.markdown import ROOT, blocks, read

PAGE = "docs/howto/write-your-own-strategy.md"
EXAMPLES = ROOT / "examples"


@pytest.fixture
def example(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(EXAMPLES))
    return importlib.import_module("own_strategy")


class TestColdest(StrategySuite):
    @pytest.fixture
    def make_strategy(self, example: ModuleType) -> Callable[[], Strategy]:
        make: Callable[[], Strategy] = example.Coldest
        return make


def test_the_example_takes_the_coldest_rack_until_it_is_warm() -> None:
    run = subprocess.run(
        [sys.executable, str(EXAMPLES / "own_strategy.py")], capture_output=True, encoding="utf-8", check=True
    )

    racks = [line.partition(": ")[2] for line in run.stdout.splitlines()]
    assert racks == ["rack-2"] * 4 + ["rack-3", "rack-3", "rack-1", "rack-3"]


def test_the_page_shows_the_example() -> None:
    shown = next(block.text for block in blocks(read(PAGE)) if "class Coldest" in block.text)
    source = (EXAMPLES / "own_strategy.py").read_text(encoding="utf-8")

    imports, _, definitions = shown.partition("\n\nUNKNOWN")
    assert f"UNKNOWN{definitions}" in source
    for line in filter(None, imports.splitlines()):
        names = line.partition("import ")[2].split(", ")
        assert all(name in source for name in names)


def test_the_page_names_the_entry_point_group() -> None:
    (table,) = [tomllib.loads(block.text) for block in blocks(read(PAGE)) if block.language == "toml"]

    assert STRATEGY_GROUP in table["project"]["entry-points"]
