"""The command `skalds` as a user types it: a process of its own, its output a pipe."""

import os
import shlex
import subprocess
import sys
from typing import NamedTuple

WIDTH = 100


class Typed(NamedTuple):
    """What a command left behind."""

    status: int
    out: str
    err: str


def type_skalds(arguments: str, address: str, *, stdin: str = "", width: int = WIDTH) -> Typed:
    """Runs `skalds` with these arguments against the controller at `address`."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("SKALD", "DISPATCHER_"))}
    run = subprocess.run(
        [sys.executable, "-m", "skalds.cli.main", *shlex.split(arguments)],
        input=stdin,
        env={**kept, "SKALDS_URL": address, "COLUMNS": str(width)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return Typed(run.returncode, run.stdout, run.stderr)
