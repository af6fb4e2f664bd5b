"""Makes text of others safe to print: ids, names and messages come from workers and must not steer a terminal."""

import unicodedata

from rich.cells import cell_len, set_cell_size

_ELLIPSIS = "…"


def visible(text: object) -> str:
    """The text on one line, with everything a terminal would obey instead of show written as its escape."""
    text = str(text)
    return text if text.isprintable() else "".join(map(_visible_character, text))


def visible_lines(text: str) -> list[str]:
    """The same of a text whose line breaks are meant; no other control character survives."""
    return [visible(line.expandtabs(4)) for line in text.rstrip("\n").split("\n")]


def cut(text: str, width: int) -> str:
    """At most `width` columns of `text`; what is missing shows as an ellipsis."""
    if cell_len(text) <= width:
        return text
    return set_cell_size(text, max(0, width - 1)).rstrip() + _ELLIPSIS if width > 0 else ""


def _visible_character(character: str) -> str:
    # Wide and narrow spaces are harmless, and part of many languages.
    if character.isprintable() or unicodedata.category(character) == "Zs":
        return character
    return character.encode("unicode_escape").decode("ascii")
