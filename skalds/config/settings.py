"""The base of the settings classes: read once when made, frozen from then on."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from skalds.config.declarations import GROUPS
from skalds.config.loading import read_surroundings, resolve
from skalds.config.server_checks import check_servers
from skalds.config.setting import Setting, Source


class ShownSetting(NamedTuple):
    """A setting as people are shown it: its value as text without secrets, and where that came from."""

    name: str
    value: str
    source: Source
    description: str


class Settings:
    """Validated settings of one process role.

    An argument that is None or left out is taken from the environment, `.env`, or the default. `warnings` holds what
    the process should log once its log is set up.
    """

    warnings: tuple[str, ...]
    _sources: Mapping[str, Source]

    def __init__(self, **arguments: object) -> None:
        declared = declared_settings(type(self))
        resolved = resolve(declared, arguments, read_surroundings(), every_known_name())
        vars(self).update(resolved.values)
        vars(self)["_sources"] = MappingProxyType(resolved.sources)
        vars(self)["warnings"] = (*resolved.warnings, *check_servers(resolved.values))

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"{name} cannot be set: settings are frozen")

    def dict(self) -> "dict[str, Any]":
        """Every setting by its name, secrets included."""
        values = {name: vars(self)[name] for name in declared_settings(type(self))}
        return {name: dict(value) if isinstance(value, Mapping) else value for name, value in values.items()}

    def source(self, name: str) -> Source:
        return self._sources[name]

    def show(self) -> "list[ShownSetting]":
        """Every setting, for people."""
        return [
            ShownSetting(
                setting.environment_name, setting.show(vars(self)[name]), self._sources[name], setting.description
            )
            for name, setting in declared_settings(type(self)).items()
        ]

    def __repr__(self) -> str:
        given = (f"{shown.name.lower()}={shown.value!r}" for shown in self.show() if shown.source is not Source.DEFAULT)
        return f"{type(self).__name__}({', '.join(given)})"


def declared_settings(holder: type) -> dict[str, Setting[Any]]:
    """The settings of a class or group by name, in the order of declaration."""
    return {name: value for base in holder.__mro__ for name, value in vars(base).items() if isinstance(value, Setting)}


def every_name() -> list[str]:
    """The environment names of all settings of all roles."""
    return [setting.environment_name for setting in _every_setting()]


def every_known_name() -> list[str]:
    """The same, and the names under which secrets can be given as files."""
    return [*every_name(), *(setting.file_name for setting in _every_setting() if setting.file_name)]


def _every_setting() -> list[Setting[Any]]:
    return [setting for group in GROUPS for setting in declared_settings(group).values()]
