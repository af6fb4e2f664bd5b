"""Every strategy that can be chosen: the built-in ones, and those that installed packages offer."""

from collections.abc import Callable, Mapping
from importlib.metadata import EntryPoint, entry_points

from skalds.config.strategy_name import STRATEGY_GROUP
from skalds.errors import ConfigurationError
from skalds.planning.strategies.registry import STRATEGIES
from skalds.planning.strategies.strategy import Strategy


def load_strategies() -> Mapping[str, Callable[[], Strategy]]:
    """Constructors by name, in capital letters; the built-in ones come first.

    Raises `ConfigurationError` for an entry point that cannot be imported, makes no strategy, or has a name that is
    taken: a controller that starts without a strategy someone installed would surprise later, when it is chosen.
    """
    strategies = {str(name): make for name, make in STRATEGIES.items()}
    for entry_point in entry_points(group=STRATEGY_GROUP):
        name = entry_point.name.upper()
        if name in strategies:
            raise _refusal(entry_point, "another name, this one is taken")
        strategies[name] = _load(entry_point)
    return strategies


def _load(entry_point: EntryPoint) -> Callable[[], Strategy]:
    # Whatever its code raises, the message must say whose code it was.
    try:
        make: Callable[[], Strategy] = entry_point.load()
        made = make()
    except Exception as error:
        raise _refusal(
            entry_point, f"something that makes a strategy when called; {type(error).__name__}: {error}"
        ) from error
    if not callable(getattr(made, "picker", None)):
        raise _refusal(entry_point, f"something that makes a strategy; {type(made).__name__} has no method picker")
    return make


def _refusal(entry_point: EntryPoint, expected: str) -> ConfigurationError:
    return ConfigurationError(f"The entry point {entry_point.name} of {STRATEGY_GROUP}", entry_point.value, expected)
