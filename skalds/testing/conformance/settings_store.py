# ruff: noqa: S101 - to assert is what a suite is for
"""Suite of `SettingsStore`."""

from skalds.model.audit import AuditEntry
from skalds.ports.engine import Engine


class SettingsStoreSuite:
    """What `SettingsStore` promises."""

    async def test_nothing_is_set_at_first(self, engine: Engine) -> None:
        assert await engine.settings.read() == {}

    async def test_what_is_set_is_read_by_all(self, engine: Engine, other: Engine) -> None:
        await engine.settings.write({"strategy": "RANDOM", "interval": ""})
        assert await other.settings.read() == {"strategy": "RANDOM", "interval": ""}

    async def test_set_and_remove_in_one_write(self, engine: Engine) -> None:
        await engine.settings.write({"a": "1", "b": "2"})
        await engine.settings.write({"a": None, "b": "3", "c": "4", "unknown": None})
        assert await engine.settings.read() == {"b": "3", "c": "4"}

    async def test_reading_is_a_copy(self, engine: Engine) -> None:
        await engine.settings.write({"a": "1"})
        dict(await engine.settings.read()).clear()
        assert await engine.settings.read() == {"a": "1"}

    async def test_audit_log_tells_of_a_change_from_when_it_is_made(self, engine: Engine, other: Engine) -> None:
        entry = AuditEntry(7, "ada", "limit.changed", "limit:a", before=None, after=1)
        await engine.settings.write({"limit:a": "1"}, entry)
        [read] = await other.audit.page(10)
        assert (read.at, read.actor, read.target, read.after) == (7, "ada", "limit:a", 1)
        assert await other.settings.read() == {"limit:a": "1"}
