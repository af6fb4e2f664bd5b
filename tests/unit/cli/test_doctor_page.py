"""How findings look: blocks with aligned columns, long lines under themselves, fixes that stand out."""

from collections.abc import AsyncIterator

import pytest

from skalds.cli.doctor_page import render_patient, render_summary
from skalds.ports.checkup import Finding, warning, well, wrong
from skalds.system_controller.doctor_bootstrap import Patient

LONG = "a broker that is lost takes messages along, " * 4


class Nothing:
    """A checkup whose findings the tests make themselves."""

    async def findings(self) -> AsyncIterator[Finding]:
        yield well("nothing", "nothing")


PATIENT = Patient("Kafka", "kafka:9092", Nothing())


def lines(*findings: Finding, width: int = 80) -> list[str]:
    return [line.plain for line in render_patient(PATIENT, findings, width)]


def test_a_block_names_the_server_and_aligns_its_facts() -> None:
    assert lines(well("reachable", "kafka:9092"), wrong("ping", "none", "wait")) == [
        "Kafka  kafka:9092",
        "  ok       reachable    kafka:9092",
        "  wrong    ping         none",
        "                        fix: wait",
        "",
    ]


@pytest.mark.parametrize("width", [60, 80, 200])
def test_long_words_are_wrapped_under_themselves(width: int) -> None:
    shown = lines(warning("task.update.attachment", LONG, LONG), width=width)

    assert max(map(len, shown)) <= width
    assert " ".join(" ".join(shown).split()).count("takes messages along") == 8


def test_what_others_wrote_does_not_steer_the_terminal() -> None:
    assert "\x1b" not in "".join(lines(well("login", "as \x1b[31mroot")))


def test_colours_tell_verdicts_apart() -> None:
    block = render_patient(PATIENT, [well("a", "a"), warning("b", "b", "b"), wrong("c", "c", "c")], 80)
    styles = {str(span.style) for line in block for span in line.spans}

    assert {"green", "yellow", "bold red"} <= styles


@pytest.mark.parametrize(
    ("findings", "text"),
    [
        ([well("a", "")], "all is well"),
        ([well("a", ""), warning("b", "", "")], "1 warning: a controller can work"),
        ([warning("b", "", "")] * 2, "2 warnings: a controller can work"),
        ([wrong("c", "", ""), warning("b", "", "")], "1 wrong, 1 warning: a controller cannot work like this"),
    ],
)
def test_the_last_line_says_whether_a_controller_can_work(findings: list[Finding], text: str) -> None:
    assert render_summary(findings).plain == text
