"""`skalds audit`: one line per change."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from rich.text import Text

from skalds.cli.controller_session import Session
from skalds.cli.table import Column, render_table
from skalds.cli.time_text import moment_text

_COLUMNS = (
    Column("number", right=True),
    Column("when"),
    Column("who", least=8),
    Column("did", least=12),
    Column("to", least=12),
    Column("before", least=6),
    Column("after", least=6),
)


async def show_audit(session: Session, limit: int, before: int | None) -> int:
    """Prints the latest entries, or those older than number `before`."""
    answer = await session.client.policy.audit(limit, before)
    if session.screen.as_json:
        session.screen.data(answer)
    else:
        session.screen.show(render_audit(answer, session.screen.width))
    return 0


def render_audit(answer: Mapping[str, Any], width: int) -> list[Text]:
    """The table, and how to go on."""
    entries: Sequence[Mapping[str, Any]] = answer["items"]
    if not entries:
        return [Text("nobody has changed anything", "dim")]
    rows = [
        (
            str(entry["number"]),
            moment_text(entry["at"]),
            entry["actor"],
            entry["action"],
            entry["target"],
            *_difference(entry["before"], entry["after"]),
        )
        for entry in entries
    ]
    lines = render_table(_COLUMNS, rows, width)
    older = answer["before"]
    return lines if older is None else [*lines, Text(f"older ones with: --before {older}", "dim")]


def _difference(before: Any, after: Any) -> tuple[str, str]:
    """Both values; of objects only the fields that differ, `--json` has the rest."""
    if isinstance(before, dict) and isinstance(after, dict):
        changed = [name for name in {**before, **after} if before.get(name) != after.get(name)]
        before, after = ({name: value[name] for name in changed if name in value} for value in (before, after))
    return _value(before), _value(after)


def _value(value: Any) -> str:
    return "" if value is None else json.dumps(value, ensure_ascii=False)
