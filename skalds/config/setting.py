"""One setting: its name, kind, default and meaning, declared once as a class attribute."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, Self, TypeVar, overload

from skalds.config.kinds import Kind

T = TypeVar("T")

MASK = "***"
# Up to the last "@", so that a password with characters that should have been escaped is hidden too.
_PASSWORD_IN_URL = re.compile(r"(?<=//)([^:@/]*:).*(?=@)")
# Options of an address can hold one as well: `?password=`, `&tlsCertificateKeyFilePassword=`.
_PASSWORD_IN_OPTION = re.compile(
    r"([?&;][^=&;]*(?:password|token|secret|mechanismproperties)[^=&;]*=)[^&;]*", re.IGNORECASE
)


class Source(StrEnum):
    """Where the value of a setting came from, strongest first."""

    ARGUMENT = "argument"
    ENVIRONMENT = "environment"
    DOTENV = ".env"
    DEFAULT = "default"


class Secrecy(StrEnum):
    """What must be hidden when a setting is shown."""

    NONE = "none"
    PASSWORD_IN_URL = "password in url"  # noqa: S105 - a name, not a password
    WHOLE = "whole"


@dataclass(frozen=True, slots=True)
class Derived(Generic[T]):
    """A default found when the settings are made, from the settings that were given; `shown` describes it."""

    shown: str
    make: Callable[[Mapping[str, object]], T]


class Setting(Generic[T]):
    """A setting of a settings class; its attribute name in upper case is its name in the environment."""

    def __init__(
        self, kind: Kind[T], default: T | Derived[T], description: str, *, secrecy: Secrecy = Secrecy.NONE
    ) -> None:
        self.kind = kind
        self.default = default
        self.description = description
        self.secrecy = secrecy
        self.name = ""

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    @property
    def environment_name(self) -> str:
        return self.name.upper()

    @overload
    def __get__(self, settings: None, owner: type) -> Self: ...
    @overload
    def __get__(self, settings: object, owner: type) -> T: ...
    def __get__(self, settings: object | None, owner: type) -> Self | T:
        if settings is None:
            return self
        value: T = vars(settings)[self.name]
        return value

    @property
    def file_name(self) -> str:
        """The name in the environment of a file that holds the value; only secrets have one."""
        return "" if self.secrecy is Secrecy.NONE else f"{self.environment_name}_FILE"

    @property
    def has_fixed_default(self) -> bool:
        return not isinstance(self.default, Derived)

    def make_default(self, given: Mapping[str, object]) -> T:
        return self.default.make(given) if isinstance(self.default, Derived) else self.default

    def show_default(self) -> str:
        return self.default.shown if isinstance(self.default, Derived) else self.kind.write(self.default)

    def show(self, value: T) -> str:
        """The value as text for people, without its secrets."""
        return mask(self.kind.write(value), self.secrecy)


def mask(text: str, secrecy: Secrecy) -> str:
    if secrecy is Secrecy.PASSWORD_IN_URL:
        return _PASSWORD_IN_OPTION.sub(rf"\1{MASK}", _PASSWORD_IN_URL.sub(rf"\1{MASK}", text))
    return MASK if text and secrecy is Secrecy.WHOLE else text
