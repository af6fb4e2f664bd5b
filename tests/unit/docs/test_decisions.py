"""Every decision is in the index, under its own title."""

import re

from tests.unit.docs.markdown import ROOT, read


def test_the_index_lists_every_decision_by_its_title() -> None:
    listed = re.findall(r"^- \[(\d+)\]\((\S+)\) (.+)$", read("docs/decisions/README.md"), re.MULTILINE)
    records = sorted(ROOT.glob("docs/decisions/[0-9]*.md"))

    assert [(file, f"# {number} {title}") for number, file, title in listed] == [
        (record.name, record.read_text(encoding="utf-8").partition("\n")[0]) for record in records
    ]
