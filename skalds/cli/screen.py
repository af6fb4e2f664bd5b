"""Where output goes: data to standard output, messages to standard error, colour only to a terminal."""

import os
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Self

import orjson
from rich.console import Console
from rich.text import Text

from skalds.cli.plain_text import visible

_WIDTH_WITHOUT_TERMINAL = 120


@dataclass(frozen=True, slots=True)
class Screen:
    """One command's output; with `as_json`, `data` is all that goes to standard output."""

    out: Console
    err: Console
    as_json: bool = False

    @classmethod
    def open(cls, *, as_json: bool = False) -> Self:
        """The screen of this process."""
        return cls(_console(stderr=False), _console(stderr=True), as_json)

    @property
    def width(self) -> int:
        return self.out.width

    def show(self, lines: Iterable[Text | str]) -> None:
        """Prints lines of data; plain text is made safe here, `Text` must have been."""
        for line in lines:
            self.out.print(line if isinstance(line, Text) else Text(visible(line)), soft_wrap=True)

    def say(self, message: str, style: str = "") -> None:
        """Prints one line for people."""
        self.err.print(Text(visible(message), style=style), soft_wrap=True)

    def data(self, value: Any) -> None:
        """Prints the API's JSON."""
        self.out.print(json_text(value), soft_wrap=True)


def json_text(value: Any) -> str:
    """The value as JSON that a terminal can show as it is."""
    text = orjson.dumps(value, option=orjson.OPT_INDENT_2).decode()
    return text if text.isascii() else "".join(map(_escaped, text))


def _escaped(character: str) -> str:
    # Control characters below 0x20 are escaped by JSON itself; others can only stand inside its strings.
    if character.isprintable() or character == "\n":
        return character
    units = character.encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[start : start + 4]}" for start in range(0, len(units), 4))


def _console(*, stderr: bool) -> Console:
    stream = sys.stderr if stderr else sys.stdout
    measured = stream.isatty() or "COLUMNS" in os.environ
    return Console(
        stderr=stderr,
        highlight=False,
        emoji=False,
        markup=False,
        width=None if measured else _WIDTH_WITHOUT_TERMINAL,
    )
