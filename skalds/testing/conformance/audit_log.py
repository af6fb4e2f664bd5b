# ruff: noqa: S101 - to assert is what a suite is for
"""Suite of `AuditLog`."""

from typing import Any

from skalds.model.audit import AuditEntry
from skalds.ports.engine import Engine


def _entry(number: int, **fields: Any) -> AuditEntry:
    values: dict[str, Any] = {"at": number, "actor": "ada", "action": "task.cancelled", "target": f"task-{number}"}
    return AuditEntry(**values | fields)


async def _record(engine: Engine, entry: AuditEntry) -> None:
    """Makes some change that the entry tells of."""
    await engine.settings.write({"setting": str(entry.at)}, entry)


class AuditLogSuite:
    """What `AuditLog` promises."""

    async def test_entry_is_read_with_all_it_says(self, engine: Engine, other: Engine) -> None:
        entry = _entry(7, before={"weight": 1.5, "labels": {"é": None}}, after=[True, 1, ""])
        await _record(engine, entry)
        [read] = await other.audit.page(10)
        assert read.number > 0
        assert AuditEntry(**{**_fields(read), "number": 0}) == entry

    async def test_newest_come_first_page_by_page(self, engine: Engine, other: Engine) -> None:
        for number in range(5):
            await _record(other if number % 2 else engine, _entry(number))
        first = await engine.audit.page(2)
        second = await engine.audit.page(2, before=first[-1].number)
        third = await engine.audit.page(2, before=second[-1].number)
        assert [entry.at for entry in (*first, *second, *third)] == [4, 3, 2, 1, 0]
        assert list(await engine.audit.page(2, before=third[-1].number)) == []

    async def test_trim_keeps_the_latest_and_numbers_go_on(self, engine: Engine) -> None:
        for number in range(5):
            await _record(engine, _entry(number))
        before = await engine.audit.page(10)
        await engine.audit.trim(9)
        assert await engine.audit.page(10) == before
        await engine.audit.trim(2)
        assert list(await engine.audit.page(10)) == list(before[:2])
        await engine.audit.trim(0)
        assert list(await engine.audit.page(10)) == []
        await _record(engine, _entry(9))
        assert (await engine.audit.page(1))[0].number > before[0].number

    async def test_what_the_caller_changes_later_is_not_recorded(self, engine: Engine) -> None:
        values = {"max": 1}
        await _record(engine, _entry(1, after=values))
        values["max"] = 2
        assert [entry.after for entry in await engine.audit.page(1)] == [{"max": 1}]


def _fields(entry: AuditEntry) -> dict[str, Any]:
    return {name: getattr(entry, name) for name in AuditEntry.__slots__}
