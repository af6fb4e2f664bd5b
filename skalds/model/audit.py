"""The audit log: who changed what."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One change somebody made: `actor` in words, `action` as in the log (`task.cancelled`), `target` what it hit.

    `at` is wall ms. `before` and `after` are JSON values without secrets. `number` is given by the store and grows.
    """

    at: int
    actor: str
    action: str
    target: str
    before: Any = None
    after: Any = None
    number: int = 0
