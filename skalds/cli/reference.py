"""Writes `docs/reference/cli.md` from the commands themselves: `python -m skalds.cli.reference > …`."""

import re
import sys
from collections.abc import Iterator
from typing import Any

import typer

from skalds.cli.main import cli
from skalds.cli.wait_reasons import WAIT_REASONS

_PREAMBLE = """\
# The command `skalds`

Made by `python -m skalds.cli.reference > docs/reference/cli.md`.

Data goes to standard output, messages to standard error. With `--json` a command prints the JSON of the API and
nothing else. There is colour on a terminal only, and none with `NO_COLOR`; without a terminal, lines are 120 columns
wide unless `COLUMNS` says otherwise. What workers and clients wrote is never sent to a terminal as it is: control
characters and marks that reverse the direction of text show as escapes such as `\\x1b`.

Commands that speak to a System Controller find it by `--url` or `SKALDS_URL` and present `SKALDS_TOKEN`. An `ID` may
be shortened to any part of it (four characters or more) that no other task's id has.

| Exit status | Meaning |
|---|---|
| 0 | done; of `--wait`, `watch` and `wait`: every task is Finished |
| 1 | not done, and trying again may help; of `--wait`, `watch` and `wait`: a task is not Finished |
| 2 | refused: wrong arguments or fields, an unknown id, a change that is not allowed |
| 3 | a controller runs on this data directory already |
| 124 | the timeout of `wait` |
| 130 | stopped with Ctrl-C |
"""
_REASONS = """
## Why a task waits

What `skalds task show` says for each value of `waiting`:

| `waiting` | Meaning | Next step |
|---|---|---|
"""


def reference() -> str:
    """The page."""
    rows = [
        f"| `{reason}` | {_named(advice.sentence)} | `{_named(advice.command)}` |\n"
        for reason, advice in WAIT_REASONS.items()
    ]
    # The kind of command object depends on the version of typer; what is read of it does not.
    root: Any = typer.main.get_command(cli)
    return "".join([_PREAMBLE, *_section(root, "skalds"), _REASONS, *rows])


def _section(command: Any, path: str) -> Iterator[str]:
    """A command, then those below it."""
    below = getattr(command, "commands", {})
    parameters = [one for one in command.params if not getattr(one, "hidden", False) and "--help" not in one.opts]
    if path != "skalds":
        yield f"\n## `{path}`\n\n{_paragraphs(command.help)}\n"
        yield f"\n```text\n{' '.join([path, *_pieces(parameters, bool(below))])}\n```\n"
        if parameters:
            yield "\n| Argument | Meaning |\n|---|---|\n"
            yield from (f"| {_spelling(one)} | {_meaning(one)} |\n" for one in parameters)
    for name, child in below.items():
        yield from _section(child, f"{path} {name}")


def _paragraphs(text: str | None) -> str:
    return "\n".join(line.strip() for line in (text or "").strip().splitlines())


def _pieces(parameters: list[Any], is_group: bool) -> list[str]:
    arguments = [_argument(one) for one in parameters if one.param_type_name == "argument"]
    options = any(one.param_type_name == "option" for one in parameters)
    return [*(["[OPTIONS]"] if options else []), *arguments, *(["COMMAND"] if is_group else [])]


def _argument(parameter: Any) -> str:
    name = (parameter.metavar or parameter.name.upper()) + ("..." if parameter.nargs == -1 else "")
    return name if parameter.required else f"[{name}]"


def _spelling(parameter: Any) -> str:
    if parameter.param_type_name == "argument":
        return f"`{_argument(parameter)}`"
    value = "" if parameter.is_flag else f" {parameter.metavar or parameter.name.upper()}"
    return ", ".join(f"`{spelling}{value}`" for spelling in parameter.opts).replace("|", "\\|")


def _meaning(parameter: Any) -> str:
    default = parameter.default
    shown = (
        ""
        if default in (None, False, ()) or callable(default)
        else f" Default: `{getattr(default, 'value', default)}`."
    )
    return f"{parameter.help or ''}{shown}"


def _named(text: str) -> str:
    return re.sub(r"{(\w+)}", lambda name: name[1].upper(), text)


if __name__ == "__main__":
    sys.stdout.write(reference())
