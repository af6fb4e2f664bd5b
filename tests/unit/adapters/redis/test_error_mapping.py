"""No error of the driver leaves the adapter, and each has its place."""

import inspect

import pytest
from redis import exceptions

from skalds.adapters.redis.error_mapping import DRIVER_ERRORS, ERRORS, REFUSED, mapped
from skalds.errors import ConfigurationError, StoreError, StoreFull, StoreUnavailable

# What concerns features of Redis that we do not use, or mistakes in our own commands.
OTHERS = {
    "RedisError",
    "ResponseError",
    "DataError",
    "PubSubError",
    "WatchError",
    "NoScriptError",
    "ExecAbortError",
    "ModuleError",
    "NoSuchFieldsetError",
    "LockError",
    "LockNotOwnedError",
    "ChildDeadlockedError",
    "ClusterCrossSlotError",
    "CrossSlotTransactionError",
    "InvalidPipelineStack",
    "IncorrectPolicyType",
}
ALL = [
    one
    for one in vars(exceptions).values()
    if inspect.isclass(one) and issubclass(one, Exception) and one.__module__ == exceptions.__name__
]


@pytest.mark.parametrize("error", ALL)
def test_every_error_of_the_driver_is_caught_and_has_a_place(error: type[Exception]) -> None:
    assert issubclass(error, DRIVER_ERRORS)
    assert (error in ERRORS) + (error in REFUSED) + (error.__name__ in OTHERS) == 1


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (exceptions.ConnectionError("gone"), StoreUnavailable),
        (exceptions.ReadOnlyError("replica"), StoreUnavailable),
        (exceptions.MovedError("1 host:1"), StoreUnavailable),
        (exceptions.ResponseError("WRONGTYPE"), StoreError),
        (exceptions.OutOfMemoryError("OOM"), StoreFull),
        (ConnectionResetError("reset"), StoreUnavailable),
        (TimeoutError(), StoreUnavailable),
        (exceptions.AuthenticationError("WRONGPASS"), ConfigurationError),
        (exceptions.NoPermissionError("NOPERM"), ConfigurationError),
    ],
)
def test_error_of_the_driver_becomes_ours(error: Exception, expected: type[Exception]) -> None:
    ours = mapped(error, "redis://host")

    assert type(ours) is expected
    assert "redis://host" in str(ours)
