"""The command that starts this program again."""

import sys
from types import ModuleType

import pytest

from skalds.adapters.process.command_line import command_again


def given(
    monkeypatch: pytest.MonkeyPatch, original: list[str], arguments: list[str], script: str | None
) -> tuple[str, ...]:
    main = ModuleType("__main__")
    if script is not None:
        main.__file__ = script
    monkeypatch.setitem(sys.modules, "__main__", main)
    monkeypatch.setattr(sys, "orig_argv", ["python", *original])
    monkeypatch.setattr(sys, "argv", arguments)
    return command_again()


def test_a_script_is_named_by_its_absolute_path(monkeypatch: pytest.MonkeyPatch) -> None:
    again = given(monkeypatch, ["-u", "node.py", "node.py"], ["node.py", "node.py"], "/srv/node.py")
    assert again == (sys.executable, "-u", "/srv/node.py", "node.py")


def test_a_module_and_a_one_liner_stay_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    assert given(monkeypatch, ["-m", "shop.node"], ["/srv/shop/node.py"], "/srv/shop/node.py")[1:] == (
        "-m",
        "shop.node",
    )
    assert given(monkeypatch, ["-c", "run()"], ["-c"], None)[1:] == ("-c", "run()")


@pytest.mark.parametrize("original", [[], ["-"], ["-i"]])
def test_a_program_from_standard_input_cannot_be_started_again(
    monkeypatch: pytest.MonkeyPatch, original: list[str]
) -> None:
    assert given(monkeypatch, original, [""], None) == ()
