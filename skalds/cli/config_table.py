"""What `skalds config show` prints."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from rich.text import Text

from skalds.cli.screen import Screen
from skalds.cli.table import Cell, Column, render_table
from skalds.config.client_config import ClientConfig
from skalds.config.declarations import GROUPS
from skalds.config.setting import Source
from skalds.config.settings import Settings, declared_settings
from skalds.config.skald_config import SkaldConfig
from skalds.config.system_controller_config import SystemControllerConfig

_ROLES: Mapping[str, type[Settings]] = {
    "controller": SystemControllerConfig,
    "node": SkaldConfig,
    "client": ClientConfig,
}
_COLUMNS = (Column("name"), Column("value", least=12), Column("source"), Column("for", least=6))


class Row(NamedTuple):
    """One setting as the roles that have it would read it."""

    group: str
    name: str
    value: str
    source: str
    roles: Sequence[str]
    description: str


def show_config(role: str, changed: bool, as_json: bool) -> None:
    """Prints the settings of one role, or of all."""
    screen = Screen.open(as_json=as_json)
    roles = {name: kind() for name, kind in _ROLES.items() if role in ("all", name)}
    rows = [row for row in setting_rows(roles) if not changed or row.source != Source.DEFAULT]
    for warning in dict.fromkeys(warning for settings in roles.values() for warning in settings.warnings):
        screen.say(f"skalds: {warning}", style="yellow")
    if as_json:
        screen.data([{**row._asdict(), "roles": list(row.roles)} for row in rows])
    else:
        screen.show(render_settings(rows, screen.width))


def setting_rows(roles: Mapping[str, Settings]) -> Sequence[Row]:
    """Each setting once, in the order of declaration."""
    shown = {name: {one.name: one for one in settings.show()} for name, settings in roles.items()}
    rows = []
    for group in GROUPS:
        for setting in declared_settings(group).values():
            name = setting.environment_name
            having = [role for role in roles if name in shown[role]]
            if not having:
                continue
            one = shown[having[0]][name]
            made = one.source is Source.DEFAULT and not setting.has_fixed_default
            value = f"{one.value} ({setting.show_default()})" if made else one.value
            rows.append(Row(group.__doc__ or "", name, value, one.source.value, having, one.description))
    return rows


def render_settings(rows: Sequence[Row], width: int) -> list[Text]:
    """The table; what is not a default stands out."""
    if not rows:
        return [Text("every setting has its default", "dim")]
    return render_table(_COLUMNS, [_cells(row) for row in rows], width)


def _cells(row: Row) -> Sequence[Cell]:
    style = "" if row.source == Source.DEFAULT else "bold green"
    return (
        Cell(row.name, style),
        Cell(row.value or "(empty)", style if row.value else "dim"),
        Cell(row.source, style),
        Cell(", ".join(row.roles), "dim"),
    )
