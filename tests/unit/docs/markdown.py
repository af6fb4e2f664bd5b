"""Markdown as the documentation's tests read it."""

import re
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[3]

_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


class Block(NamedTuple):
    """A fenced block of code."""

    language: str
    text: str


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def blocks(text: str) -> list[Block]:
    return [Block(*found) for found in _FENCE.findall(text)]


def prose(text: str) -> str:
    """Everything but the fenced blocks."""
    return _FENCE.sub("", text)


def heading_levels(text: str) -> list[int]:
    return [len(signs) for signs in re.findall(r"^(#+) ", prose(text), re.MULTILINE)]


def links(text: str) -> list[str]:
    return re.findall(r"\]\(([^)\s]+)\)", prose(text))
