"""Which of our errors each error of the driver becomes; no other one leaves this package."""

from redis import exceptions

from skalds.errors import ConfigurationError, SkaldsError, StoreError, StoreFull, StoreUnavailable

REFUSED: dict[type[Exception], tuple[str, str]] = {
    exceptions.AuthenticationError: ("REDIS_PASSWORD", "a user name and password that Redis accepts"),
    exceptions.AuthenticationWrongNumberOfArgsError: ("REDIS_USERNAME", "no user name for a Redis that knows none"),
    exceptions.AuthorizationError: ("REDIS_USERNAME", "a user who may use this Redis"),
    exceptions.NoPermissionError: ("REDIS_USERNAME", "a user who may use the hash and the channel `skalds:*`"),
    exceptions.ExternalAuthProviderError: ("REDIS_PASSWORD", "a user name and password that Redis accepts"),
}
"""What does not go away by waiting: the setting, and what was expected of it."""

ERRORS: dict[type[Exception], type[StoreError]] = {
    exceptions.ConnectionError: StoreUnavailable,
    exceptions.TimeoutError: StoreUnavailable,
    exceptions.BusyLoadingError: StoreUnavailable,
    exceptions.MaxConnectionsError: StoreUnavailable,
    exceptions.InvalidResponse: StoreUnavailable,
    exceptions.ReadOnlyError: StoreUnavailable,
    exceptions.TryAgainError: StoreUnavailable,
    exceptions.ClusterError: StoreUnavailable,
    exceptions.ClusterDownError: StoreUnavailable,
    exceptions.MasterDownError: StoreUnavailable,
    exceptions.MovedError: StoreUnavailable,
    exceptions.AskError: StoreUnavailable,
    exceptions.SlotNotCoveredError: StoreUnavailable,
    exceptions.RedisClusterException: StoreUnavailable,
    exceptions.OutOfMemoryError: StoreFull,
    TimeoutError: StoreUnavailable,
    OSError: StoreUnavailable,
}
"""What passes; everything else that the driver raises is a `StoreError`."""

DRIVER_ERRORS = (
    exceptions.RedisError,
    exceptions.RedisClusterException,
    exceptions.IncorrectPolicyType,
    exceptions.ChildDeadlockedError,
    OSError,
)
"""Everything that the driver raises."""


def mapped(error: Exception, address: str) -> SkaldsError:
    """Our error for one of the driver's, naming the server; raise it `from` the original."""
    if type(error) in REFUSED:
        setting, expected = REFUSED[type(error)]
        return ConfigurationError(setting, address, f"{expected} ({error})")
    kind = next((ERRORS[base] for base in type(error).__mro__ if base in ERRORS), StoreError)
    return kind(f"Redis at {address}: {str(error) or type(error).__name__}", reason=type(error).__name__)
