"""`python -m skalds.testing.simulation`: many seeds and a verdict, or one seed and its trace."""

import argparse
import os
import re
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from itertools import islice
from typing import NamedTuple

from loguru import logger

from skalds.testing.simulation.history import Noted
from skalds.testing.simulation.simulation import Verdict, simulate
from skalds.testing.simulation.virtual_loop import OWNER
from skalds.testing.simulation.world import World

_LAST_EVENTS = 25
_BATCH = 20


class Summary(NamedTuple):
    """What is worth telling of one seed: nothing more than its virtual seconds unless something is wrong."""

    seed: int
    seconds: float
    violations: Sequence[str] = ()
    last_events: Sequence[str] = ()


def main(arguments: Sequence[str] | None = None) -> int:
    """Returns the exit status: 1 if anything was violated."""
    options = _parser().parse_args(arguments)
    if options.seed is not None:
        return _run_one(options.seed, trace=options.trace)
    return _run_many(range(options.first, options.first + options.seeds), options.processes)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m skalds.testing.simulation", description=__doc__)
    parser.add_argument("--seeds", type=int, default=200, help="how many seeds to live through")
    parser.add_argument("--first", type=int, default=0, help="the first of them")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1, help="how many at a time")
    parser.add_argument("--seed", type=int, help="live through this one only")
    parser.add_argument("--trace", action="store_true", help="print everything that happened in it")
    return parser


def _run_one(seed: int, *, trace: bool) -> int:
    verdict = simulate(seed, on_start=_note_log if trace else None)
    if trace:
        _say(*verdict.history.lines())
    _say(f"seed {seed}: {verdict.seconds:.1f} virtual seconds, {len(verdict.violations)} violations")
    _say(*verdict.violations)
    return 1 if verdict.violations else 0


def _note_log(world: World) -> None:
    """Puts the log of every process into the trace; this changes nothing else."""
    logger.remove()
    logger.enable("skalds")

    def note(message: object) -> None:
        record = message.record  # type: ignore[attr-defined]
        owner = OWNER.get()
        fields = " ".join(f"{name}={value}" for name, value in record["extra"].get("skalds_fields", {}).items())
        world.history.note(Noted(f"log of {owner.name if owner else 'nobody'}: {record['message']} {fields}"))

    logger.add(note, level="DEBUG")


def _run_many(seeds: range, processes: int) -> int:
    began = time.monotonic()
    failed, done, virtual = 0, 0, 0.0
    with ProcessPoolExecutor(processes) as pool:
        for summary in (one for batch in pool.map(_live_through, _batches(seeds)) for one in batch):
            done += 1
            virtual += summary.seconds
            if summary.violations:
                failed += 1
                _tell_failure(summary)
    took = time.monotonic() - began
    _say(
        f"{done} seeds, {failed} failed: {virtual / 3600:.1f} virtual hours in {took:.1f} s, "
        f"{done / took:.1f} seeds/s on {processes} processes"
    )
    return 1 if failed else 0


def _batches(seeds: range) -> Iterator[list[int]]:
    numbers = iter(seeds)
    while batch := list(islice(numbers, _BATCH)):
        yield batch


def _live_through(seeds: Sequence[int]) -> list[Summary]:
    return [_summary(simulate(seed)) for seed in seeds]


def _summary(verdict: Verdict) -> Summary:
    if not verdict.violations:
        return Summary(verdict.seed, verdict.seconds)
    lines = verdict.history.lines()
    named = re.search(r"\bt-\d+\b", verdict.violations[0])
    about = [line for line in lines if "##" in line or named is None or named[0] in line]
    return Summary(verdict.seed, verdict.seconds, verdict.violations, about[-_LAST_EVENTS:])


def _tell_failure(summary: Summary) -> None:
    _say(f"\nseed {summary.seed} violates", *(f"  {text}" for text in summary.violations), "last events")
    _say(*(f"  {line}" for line in summary.last_events))
    _say(f"replay: make simulate SEED={summary.seed}\n")


def _say(*lines: str) -> None:
    sys.stdout.writelines(f"{line}\n" for line in lines)
    sys.stdout.flush()
