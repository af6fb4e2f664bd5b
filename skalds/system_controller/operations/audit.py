"""The record of who changed what."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from skalds.model.audit import AuditEntry
from skalds.ports.audit_log import AuditLog
from skalds.ports.clock import Clock

API = "api"
"""The actor where nobody says more: somebody who may use the API."""


@dataclass(frozen=True, slots=True)
class AuditedChange:
    """What is about to be changed: `action` as in the log, `target` what it hits, `before` how that was."""

    action: str
    target: str
    before: Any = None


@dataclass(frozen=True, slots=True)
class AuditPage:
    """Entries, newest first; `before` reads on from here, None at the end."""

    entries: Sequence[AuditEntry]
    before: int | None


def entry_of(clock: Clock, actor: str, change: AuditedChange, after: Any = None) -> AuditEntry:
    """A change that is about to be made; `after` is how its target is then."""
    return AuditEntry(clock.wall_ms(), actor, change.action, change.target, change.before, after)


async def read_audit(log: AuditLog, limit: int, before: int | None = None) -> AuditPage:
    """The latest entries, or those older than number `before`."""
    entries = await log.page(limit, before)
    return AuditPage(entries, entries[-1].number if len(entries) == limit else None)
