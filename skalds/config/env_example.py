"""Writes `.env.example` and the settings table of the documentation from the declarations."""

import sys
from collections.abc import Iterator

from skalds.config.declarations import GROUPS
from skalds.config.settings import declared_settings

_PREAMBLE = """\
# Every setting of Skalds with its default. Copy this file to `.env` and uncomment what you change.
# Stronger than `.env` are the environment and, above it, arguments.
# Made by `python -m skalds.config.env_example > .env.example`.
"""


def env_example() -> str:
    return "\n".join([_PREAMBLE, *("\n".join(_example_lines(group)) for group in GROUPS)])


def settings_table() -> str:
    """The same as a Markdown table."""
    rows = [
        f"| `{setting.environment_name}` | {setting.show_default() or '(empty)'} | {setting.kind.expected} "
        f"| {setting.description} |"
        for group in GROUPS
        for setting in declared_settings(group).values()
    ]
    return "\n".join(["| Name | Default | Accepts | Meaning |", "|---|---|---|---|", *rows, ""])


def _example_lines(group: type) -> Iterator[str]:
    yield f"# {group.__doc__}"
    yield ""
    for setting in declared_settings(group).values():
        yield f"# {setting.description} Accepts {setting.kind.expected}."
        if setting.has_fixed_default:
            yield f"#{setting.environment_name}={setting.show_default()}"
        else:
            yield f"# Default: {setting.show_default()}."
            yield f"#{setting.environment_name}="
        yield ""


if __name__ == "__main__":
    sys.stdout.write(settings_table() if "--table" in sys.argv[1:] else env_example())
