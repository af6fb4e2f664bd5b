"""The drivers that only the distributed engine needs come with an extra; a missing one is said with the command."""

from importlib.util import find_spec

from skalds.errors import ConfigurationError

_DRIVERS = ("pymongo", "confluent_kafka", "redis")


def require_distributed() -> None:
    """Raises ConfigurationError if a driver is missing; call it before an adapter of that engine is loaded."""
    missing = [name for name in _DRIVERS if find_spec(name) is None]
    if missing:
        expected = f'embedded, or: pip install "skalds[distributed]" ({", ".join(missing)} not installed)'
        raise ConfigurationError("SKALDS_ENGINE", "distributed", expected)
