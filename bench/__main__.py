"""`python -m bench [--only name]`: measures, prints a table, writes `bench/out/<name>.json`."""

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence

from rich.console import Console

from bench import assigning, claiming, engines, idle, latency, planner, recovery
from bench.figure import Figure, keep, show
from skalds.runtime.log_setup import configure_logging

MEASUREMENTS: Mapping[str, Callable[[], Sequence[Figure]]] = {
    "planner": planner.measure,
    "claiming": claiming.measure,
    "assigning": assigning.measure,
    "latency": latency.measure,
    "idle": idle.measure,
    "recovery": recovery.measure,
    "engines": engines.measure,
}


def main() -> int:
    """Exit status 0 when everything could be measured, whatever the figures are."""
    parser = argparse.ArgumentParser(prog="bench", description="Measures what the design promises.")
    parser.add_argument("--only", choices=sorted(MEASUREMENTS), help="measure only this")
    only = parser.parse_args().only
    configure_logging("WARNING")
    console = Console()
    figures: list[Figure] = []
    for name in [only] if only else MEASUREMENTS:
        console.print(f"measuring {name} …", style="dim")
        measured = MEASUREMENTS[name]()
        keep(name, measured)
        figures += measured
    show(figures, console)
    return 0


if __name__ == "__main__":
    sys.exit(main())
