"""Settings changed at run time."""

from collections.abc import Mapping

from skalds.adapters.memory.audit_log import add_entry
from skalds.adapters.memory.memory_store import MemoryStore
from skalds.model.audit import AuditEntry
from skalds.ports.settings_store import SettingsStore


class MemorySettingsStore:
    """`SettingsStore` in memory."""

    def __init__(self, store: MemoryStore) -> None:
        self._store = store

    async def read(self) -> Mapping[str, str]:
        return dict(self._store.settings)

    async def write(self, changes: Mapping[str, str | None], audited: AuditEntry | None = None) -> None:
        for name, value in changes.items():
            if value is None:
                self._store.settings.pop(name, None)
            else:
                self._store.settings[name] = value
        if audited is not None:
            add_entry(self._store, audited)


_: type[SettingsStore] = MemorySettingsStore
