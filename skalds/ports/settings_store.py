"""Settings changed at run time, stronger than argument and environment until removed."""

from collections.abc import Mapping
from typing import Protocol

from skalds.model.audit import AuditEntry


class SettingsStore(Protocol):
    """A few named texts that survive restarts."""

    async def read(self) -> Mapping[str, str]:
        """All settings that are set."""
        ...

    async def write(self, changes: Mapping[str, str | None], audited: AuditEntry | None = None) -> None:
        """Sets each named setting, or removes it where the value is None; all or nothing, durable.

        `audited` comes into the audit log with the changes, in the same transaction.
        """
        ...
