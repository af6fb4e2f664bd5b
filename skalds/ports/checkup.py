"""A close look at one server before anything relies on it."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class Verdict(StrEnum):
    """What a finding means: all is well; it works, but; it will not work."""

    OK = "ok"
    WARNING = "warning"
    WRONG = "wrong"


@dataclass(frozen=True, slots=True)
class Finding:
    """One fact about a server in words for people; `fix` says what to do unless all is well."""

    check: str
    verdict: Verdict
    detail: str
    fix: str = ""

    @property
    def is_wrong(self) -> bool:
        return self.verdict is Verdict.WRONG


def well(check: str, detail: str) -> Finding:
    return Finding(check, Verdict.OK, detail)


def warning(check: str, detail: str, fix: str) -> Finding:
    return Finding(check, Verdict.WARNING, detail, fix)


def wrong(check: str, detail: str, fix: str) -> Finding:
    return Finding(check, Verdict.WRONG, detail, fix)


class Checkup(Protocol):
    """Looks at one server and leaves it as it was."""

    def findings(self) -> AsyncIterator[Finding]:
        """One finding after the other, each in bounded time; ends early where the rest would say nothing new.

        What the server does wrong is a finding, never an exception. No finding holds a secret.
        """
        ...
