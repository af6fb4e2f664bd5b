"""The only reader of the environment and of `.env`: argument > environment > `.env` > default."""

import difflib
import os
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path
from typing import Any

from dotenv import dotenv_values
from dotenv.parser import parse_stream

from skalds.config.kinds import PORT
from skalds.config.setting import Secrecy, Setting, Source, mask
from skalds.errors import ConfigurationError

ENV_FILE = Path(".env")
PREFIXES = ("SKALD_", "SKALDS_", "DISPATCHER_", "MONITOR_", "SYSTEM_CONTROLLER_", "TASK_")
# Of the tests and of compose.yaml, which stand in the same environment now and then.
_OF_DEVELOPMENT = frozenset({"SKALDS_REQUIRE_ENGINES", "SKALDS_MONGO_PORT", "SKALDS_REDIS_PORT", "SKALDS_KAFKA_PORT"})
# Variables Kubernetes and Docker links set for a service called NAME; nobody meant them as settings.
_INJECTED = re.compile(r"_SERVICE_HOST$|_SERVICE_PORT(_|$)|_PORT(_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)?$")
_INJECTED_PORT = re.compile(r"(tcp|udp|sctp)://")

AnySetting = Setting[Any]


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the process finds around itself, as text."""

    environment: Mapping[str, str]
    dotenv: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Resolved:
    """A value and its source for each setting, and what a person should be told about the surroundings."""

    values: dict[str, Any] = field(default_factory=dict)
    sources: dict[str, Source] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)


def read_surroundings(env_file: Path = ENV_FILE) -> Surroundings:
    return Surroundings(dict(os.environ), _read_env_file(env_file))


def resolve(
    settings: Mapping[str, AnySetting],
    arguments: Mapping[str, object],
    surroundings: Surroundings,
    known_names: Collection[str],
) -> Resolved:
    """Finds the value of each setting, or raises ConfigurationError for the first that cannot be used."""
    _refuse_unknown_arguments(settings, arguments)
    resolved = Resolved()
    for name, setting in settings.items():
        for source, value in _offers(setting, arguments, surroundings):
            if _is_injected_port(setting, value):
                resolved.warnings.append(_describe_injected_port(setting, value))
            elif not (value == "" and setting.kind.empty_is_unset):
                resolved.values[name] = _read(setting, value)
                resolved.sources[name] = source
                break
    given = dict(resolved.values)
    for name in settings.keys() - given.keys():
        resolved.values[name] = settings[name].make_default(given)
        resolved.sources[name] = Source.DEFAULT
    resolved.warnings.extend(_describe_unknown_variables(surroundings, known_names))
    return resolved


def _read_env_file(path: Path) -> dict[str, str]:
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(str(path), type(error).__name__, "a readable file in UTF-8") from error
    _refuse_garbage(path, text)
    return {name: value for name, value in dotenv_values(stream=StringIO(text)).items() if value is not None}


def _refuse_garbage(path: Path, text: str) -> None:
    """The parser would leave out what it cannot read, a token with one quote for example, and go on without it."""
    for binding in parse_stream(StringIO(text)):
        if binding.error or "\0" in binding.original.string:
            # The line itself is not shown: it may be a secret.
            place = f"{path}, line {binding.original.line},"
            raise ConfigurationError(place, "what it is", "NAME=value, with quotes in pairs, a comment or nothing")


def _refuse_unknown_arguments(settings: Mapping[str, AnySetting], arguments: Mapping[str, object]) -> None:
    for name in arguments.keys() - settings.keys():
        raise ConfigurationError(name, "an argument", f"a known setting{_suggest(name, settings)}")


def _offers(
    setting: AnySetting, arguments: Mapping[str, object], surroundings: Surroundings
) -> Iterator[tuple[Source, object]]:
    """The values given for a setting, strongest first."""
    offers = (
        (Source.ARGUMENT, arguments.get(setting.name)),
        (Source.ENVIRONMENT, _text_or_file(setting, surroundings.environment)),
        (Source.DOTENV, _text_or_file(setting, surroundings.dotenv)),
    )
    return ((source, value) for source, value in offers if value is not None)


def _text_or_file(setting: AnySetting, variables: Mapping[str, str]) -> str | None:
    """What the variable says, or the file that its sister names: containers are handed secrets as files."""
    text, file = variables.get(setting.environment_name), variables.get(setting.file_name)
    if not file:
        return text
    if text:
        raise ConfigurationError(setting.file_name, file, f"nothing while {setting.environment_name} is set as well")
    try:
        return Path(file).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError, ValueError) as error:
        reason = getattr(error, "strerror", None) or type(error).__name__
        raise ConfigurationError(setting.file_name, file, f"a text file that can be read ({reason})") from error


def _read(setting: AnySetting, value: object) -> object:
    try:
        return setting.kind.read(value)
    except (ValueError, TypeError):
        shown = value if setting.secrecy is Secrecy.NONE else mask(str(value), setting.secrecy)
        raise ConfigurationError(setting.environment_name, shown, setting.kind.expected) from None


def _is_injected_port(setting: AnySetting, value: object) -> bool:
    return setting.kind is PORT and isinstance(value, str) and bool(_INJECTED_PORT.match(value))


def _describe_injected_port(setting: AnySetting, value: object) -> str:
    return f"{setting.environment_name}={value!r} is ignored: it is an address injected by the platform, not a port"


def _describe_unknown_variables(surroundings: Surroundings, known_names: Collection[str]) -> Iterator[str]:
    names = surroundings.environment.keys() | surroundings.dotenv.keys()
    for name in sorted(names - set(known_names) - _OF_DEVELOPMENT):
        if name.startswith(PREFIXES) and not _INJECTED.search(name):
            yield f"{name} is not a setting and has no effect{_suggest(name, known_names)}"


def _suggest(name: str, known_names: Collection[str]) -> str:
    nearest = difflib.get_close_matches(name, known_names, n=1)
    return f"; did you mean {nearest[0]}?" if nearest else ""
