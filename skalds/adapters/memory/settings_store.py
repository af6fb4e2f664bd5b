"""Settings changed at run time."""

from collections.abc import Mapping

from skalds.adapters.memory.memory_store import MemoryStore
from skalds.ports.settings_store import SettingsStore


class MemorySettingsStore:
    """`SettingsStore` in memory."""

    def __init__(self, store: MemoryStore) -> None:
        self._store = store

    async def read(self) -> Mapping[str, str]:
        return dict(self._store.settings)

    async def write(self, changes: Mapping[str, str | None]) -> None:
        for name, value in changes.items():
            if value is None:
                self._store.settings.pop(name, None)
            else:
                self._store.settings[name] = value


_: type[SettingsStore] = MemorySettingsStore
