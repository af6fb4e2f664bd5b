"""One measured figure beside its target, and how a list of them is shown and kept."""

import json
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from rich.console import Console
from rich.table import Table

OUT = Path(__file__).parent / "out"


@dataclass(frozen=True, slots=True)
class Figure:
    """`value` is the median of `runs`; `met` says whether it is at most (`at_most`) or at least the target.

    `reference` holds what was measured in the same run for comparison.
    """

    name: str
    unit: str
    runs: Sequence[float]
    limit: float
    at_most: bool = True
    reference: Mapping[str, float] = field(default_factory=dict)

    @property
    def value(self) -> float:
        return statistics.median(self.runs)

    @property
    def target(self) -> str:
        return f"{'≤' if self.at_most else '≥'} {self.limit:g} {self.unit}"

    @property
    def met(self) -> bool:
        return self.value <= self.limit if self.at_most else self.value >= self.limit

    def as_json(self) -> dict[str, object]:
        kept = {name: value for name, value in asdict(self).items() if name in ("name", "unit", "reference", "runs")}
        return {**kept, "value": self.value, "target": self.target, "met": self.met}


def show(figures: Sequence[Figure], console: Console) -> None:
    """Prints the figures as a table."""
    table = Table(header_style="bold")
    for heading in ("figure", "value", "target", "met", "reference (same run)"):
        table.add_column(heading, justify="right" if heading == "value" else "left")
    for figure in figures:
        reference = ", ".join(f"{name} {value:.4g}" for name, value in figure.reference.items())
        met = "[green]yes[/]" if figure.met else "[red]no[/]"
        table.add_row(figure.name, f"{figure.value:.4g} {figure.unit}", figure.target, met, reference)
    console.print(table)


def keep(name: str, figures: Sequence[Figure]) -> Path:
    """Writes the figures to `bench/out/<name>.json`."""
    OUT.mkdir(exist_ok=True)
    path = OUT / f"{name}.json"
    path.write_text(json.dumps([figure.as_json() for figure in figures], indent=2, ensure_ascii=False) + "\n")
    return path
