"""What `skalds tenant`, `skalds limit` and `skalds reservation` print."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from rich.text import Text

from skalds.cli.controller_session import Session
from skalds.cli.table import Cell, Column, render_table
from skalds.cli.typed_names import naming
from skalds.errors import FieldProblem, ValidationFailed

NO_LIMIT = "none"

_TENANT_COLUMNS = (
    Column("tenant", least=8),
    Column("weight", right=True),
    Column("running", right=True),
    Column("max running", right=True),
    Column("slots", right=True),
    Column("queued", right=True),
    Column("max queued", right=True),
    Column("set"),
)
_LIMIT_COLUMNS = (
    Column("key", least=12),
    Column("running", right=True),
    Column("max", right=True),
    Column("set"),
)
_RESERVATION_COLUMNS = (
    Column("label", least=12),
    Column("slots", right=True),
    Column("from priority", right=True),
    Column("set"),
)
_TENANT_NAMES = {
    "path.tenant": "TENANT",
    "weight": "--weight",
    "maxRunning": "--max-running",
    "maxQueued": "--max-queued",
}
_KEY_NAMES = {"path.concurrency_key": "KEY", "path.concurrencyKey": "KEY", "max": "MAX"}
_RESERVATION_NAMES = {"path.label": "LABEL", "slots": "SLOTS", "priority": "PRIORITY"}

_Rows = Sequence[Mapping[str, Any]]


async def show_tenants(session: Session) -> int:
    """Prints the tenants by name."""
    answer = await session.client.policy.tenants()
    return _print(session, answer, lambda width: render_tenants(answer["items"], width))


async def change_tenant(session: Session, name: str, changes: Mapping[str, Any]) -> int:
    """Sets fields of a tenant and prints it."""
    with naming(_TENANT_NAMES):
        answer = await session.client.policy.set_tenant(name, changes)
    return _print(session, answer, lambda width: render_tenants([answer], width))


async def unset_tenant(session: Session, name: str) -> int:
    """Puts a tenant back to the defaults and prints it."""
    with naming(_TENANT_NAMES):
        answer = await session.client.policy.unset_tenant(name)
    return _print(session, answer, lambda width: render_tenants([answer], width))


async def show_limits(session: Session) -> int:
    """Prints the concurrency keys."""
    answer = await session.client.policy.limits()
    return _print(session, answer, lambda width: render_limits(answer["items"], width))


async def set_limit(session: Session, key: str, most: int) -> int:
    """Sets the limit of a key and prints it."""
    with naming(_KEY_NAMES):
        answer = await session.client.policy.set_limit(key, most)
    return _print(session, answer, lambda width: render_limits([answer], width))


async def unset_limit(session: Session, key: str) -> int:
    """Puts a key back to the default and prints it."""
    with naming(_KEY_NAMES):
        answer = await session.client.policy.unset_limit(key)
    return _print(session, answer, lambda width: render_limits([answer], width))


async def show_reservations(session: Session) -> int:
    """Prints the reservations by label."""
    answer = await session.client.fleet.reservations()
    return _print(session, answer, lambda width: render_reservations(answer["items"], width))


async def set_reservation(session: Session, label: str, slots: int, priority: int) -> int:
    """Sets the reservation of a label and prints it."""
    with naming(_RESERVATION_NAMES):
        answer = await session.client.fleet.set_reservation(label, slots, priority)
    return _print(session, answer, lambda width: render_reservations([answer], width))


async def unset_reservation(session: Session, label: str) -> int:
    """Takes the reservation of a label back and prints it."""
    with naming(_RESERVATION_NAMES):
        answer = await session.client.fleet.unset_reservation(label)
    return _print(session, answer, lambda width: render_reservations([answer], width))


def render_tenants(tenants: _Rows, width: int) -> list[Text]:
    """A line per tenant; those at a limit stand out."""
    if not tenants:
        return [Text("no tenant has anything running or waiting, and none was set", "dim")]
    rows = [
        (
            tenant["tenant"],
            f"{tenant['weight']:g}",
            *_used(tenant["running"], tenant["maxRunning"]),
            str(tenant["usedSlots"]),
            *_used(tenant["queued"], tenant["maxQueued"]),
            "yes" if tenant["isSet"] else "",
        )
        for tenant in tenants
    ]
    return render_table(_TENANT_COLUMNS, rows, width)


def render_limits(keys: _Rows, width: int) -> list[Text]:
    """A line per concurrency key."""
    if not keys:
        return [Text("no concurrency key has anything running, and none was set", "dim")]
    rows = [(key["concurrencyKey"], *_used(key["running"], key["max"]), "yes" if key["isSet"] else "") for key in keys]
    return render_table(_LIMIT_COLUMNS, rows, width)


def render_reservations(reservations: _Rows, width: int) -> list[Text]:
    """A line per label."""
    if not reservations:
        return [Text("no slots were reserved by label; those of a node are shown by: skalds node list", "dim")]
    rows = [
        (each["label"], f"{each['slots']:,}", str(each["priority"]), "yes" if each["isSet"] else "")
        for each in reservations
    ]
    return render_table(_RESERVATION_COLUMNS, rows, width)


def read_count(option: str, text: str) -> int | str:
    """A number of tasks, or `NO_LIMIT`."""
    if text == NO_LIMIT:
        return NO_LIMIT
    if not (text.isascii() and text.isdigit() and len(text) <= 10):
        raise ValidationFailed([FieldProblem(option, f"must be a whole number of 0 or more, or {NO_LIMIT}")])
    return int(text)


def _used(count: int, most: int | None) -> tuple[Cell, str]:
    at_limit = most is not None and count >= most
    return Cell(f"{count:,}", "yellow" if at_limit else ""), "" if most is None else f"{most:,}"


def _print(session: Session, answer: Mapping[str, Any], render: Callable[[int], list[Text]]) -> int:
    if session.screen.as_json:
        session.screen.data(answer)
    else:
        session.screen.show(render(session.screen.width))
    return 0
