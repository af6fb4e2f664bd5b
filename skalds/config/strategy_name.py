"""The kind of setting that names a strategy: a built-in one, or one that an installed package offers."""

from importlib.metadata import entry_points

from skalds.config._enum import DispatcherStrategyEnum
from skalds.config.kinds import Kind, one_of, read_text, require

STRATEGY_GROUP = "skalds.strategies"
"""Entry point group under which packages offer strategies."""

_BUILT_IN = one_of(DispatcherStrategyEnum)


def _read(value: object) -> str:
    try:
        return _BUILT_IN.read(value)
    except ValueError:
        name = read_text(value).strip().upper()
        # Only the name is looked at; nothing of the package is imported here.
        offered = {entry_point.name.upper() for entry_point in entry_points(group=STRATEGY_GROUP)}
        return require(name if name in offered else None)


STRATEGY: Kind[str] = Kind(f"{_BUILT_IN.expected}, or a strategy of an installed package", _read)
