"""What `skalds doctor` prints: a block for each server, a line for each fact, and what to do where one is not well."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rich.text import Text

from skalds.cli.facts import wrap
from skalds.cli.plain_text import visible
from skalds.cli.screen import Screen
from skalds.config.system_controller_config import SystemControllerConfig
from skalds.system_controller.doctor_bootstrap import Finding, Patient, Verdict, patients

_STYLES: Mapping[Verdict, str] = {
    Verdict.OK: "green",
    Verdict.WARNING: "yellow",
    Verdict.WRONG: "bold red",
}
_GAP = "  "
_FIX = "fix: "
_VERDICT_WIDTH = max(map(len, Verdict))
_LEAST_NAME_WIDTH = 11


def run_doctor(config: SystemControllerConfig, *, as_json: bool) -> int:
    """Looks and prints; returns the exit status."""
    screen = Screen.open(as_json=as_json)
    return asyncio.run(_run(config, screen))


async def _run(config: SystemControllerConfig, screen: Screen) -> int:
    examined: list[tuple[Patient, Sequence[Finding]]] = []
    for patient in patients(config):
        findings = [finding async for finding in patient.checkup.findings()]
        if not screen.as_json:
            screen.show(render_patient(patient, findings, screen.width))
        examined.append((patient, findings))
    everything = [finding for _, findings in examined for finding in findings]
    if screen.as_json:
        screen.data(_as_json(config, examined))
    else:
        screen.show([render_summary(everything)])
    return int(any(finding.is_wrong for finding in everything))


def render_patient(patient: Patient, findings: Sequence[Finding], width: int) -> list[Text]:
    """The block of one server, with an empty line after it."""
    names = max([_LEAST_NAME_WIDTH, *(len(finding.check) for finding in findings)])
    lines = [Text.assemble((visible(patient.name), "bold"), _GAP, (visible(patient.place), "dim"))]
    for finding in findings:
        lines += _render_finding(finding, names, width)
    return [*lines, Text()]


def render_summary(findings: Iterable[Finding]) -> Text:
    """The last line: how many things are not well."""
    verdicts = [finding.verdict for finding in findings]
    wrong, warnings = verdicts.count(Verdict.WRONG), verdicts.count(Verdict.WARNING)
    noted = f"{warnings} {'warning' if warnings == 1 else 'warnings'}"
    if wrong:
        return Text(f"{wrong} wrong, {noted}: a controller cannot work like this", "bold red")
    return Text(f"{noted}: a controller can work", "yellow") if warnings else Text("all is well", "bold green")


def _render_finding(finding: Finding, names: int, width: int) -> list[Text]:
    style = _STYLES[finding.verdict]
    left = len(_GAP) + _VERDICT_WIDTH + len(_GAP) + names + len(_GAP)
    head = Text.assemble(
        _GAP, (finding.verdict.ljust(_VERDICT_WIDTH), style), _GAP, visible(finding.check).ljust(names), _GAP
    )
    first, *more = wrap(visible(finding.detail), width - left)
    lines = [head.append(first), *(Text(" " * left + line) for line in more)]
    if finding.fix:
        first, *more = wrap(visible(finding.fix), width - left - len(_FIX))
        lines.append(Text.assemble(" " * left, (_FIX, "bold"), first))
        lines += [Text(" " * (left + len(_FIX)) + line) for line in more]
    return lines


def _as_json(config: SystemControllerConfig, examined: Sequence[tuple[Patient, Sequence[Finding]]]) -> dict[str, Any]:
    return {
        "engine": config.skalds_engine.value,
        "ok": not any(finding.is_wrong for _, findings in examined for finding in findings),
        "findings": [
            {
                "server": patient.name,
                "place": patient.place,
                "check": finding.check,
                "verdict": finding.verdict.value,
                "detail": finding.detail,
                "fix": finding.fix or None,
            }
            for patient, findings in examined
            for finding in findings
        ],
    }
