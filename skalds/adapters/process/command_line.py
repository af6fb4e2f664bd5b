"""The command that started this process, so that it can be given again."""

import sys
from collections.abc import Sequence
from pathlib import Path


def command_again() -> tuple[str, ...]:
    """Starts the same program as this process, from any working directory; empty if it cannot be started again."""
    arguments = sys.orig_argv[1:]
    script = getattr(sys.modules.get("__main__"), "__file__", None)
    if not arguments or (script is None and "-c" not in arguments):
        return ()
    return (sys.executable, *_with_absolute_script(arguments, script))


def _with_absolute_script(arguments: Sequence[str], script: str | None) -> list[str]:
    # A program may have left the directory it was started in; the interpreter keeps its script as an absolute path.
    given = sys.argv[0]
    if script is None or not Path(script).is_absolute() or Path(given).is_absolute() or not given:
        return list(arguments)
    named = [index for index, argument in enumerate(arguments) if argument == given]
    return [script if named and index == named[0] else argument for index, argument in enumerate(arguments)]
