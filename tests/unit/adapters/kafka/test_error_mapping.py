"""No error of the driver leaves the adapter, and those that an operator must see say what to do."""

import inspect
from types import ModuleType

import confluent_kafka
import confluent_kafka.admin
import confluent_kafka.cimpl
import confluent_kafka.error
import pytest
from confluent_kafka import KafkaError, KafkaException

from skalds.adapters.kafka.error_mapping import DRIVER_ERRORS, REFUSED, mapped
from skalds.adapters.kafka.options import KafkaOptions
from skalds.errors import ConfigurationError, StoreUnavailable

# Of turning objects into bytes, which we do ourselves.
UNUSED = {"SerializationError"}
OPTIONS = KafkaOptions(servers=("one:1",), password="secret-1")


def errors_of(module: ModuleType) -> list[type[BaseException]]:
    return [one for one in vars(module).values() if inspect.isclass(one) and issubclass(one, BaseException)]


@pytest.mark.parametrize(
    "module", [confluent_kafka, confluent_kafka.cimpl, confluent_kafka.error, confluent_kafka.admin]
)
def test_every_error_of_the_driver_is_caught(module: ModuleType) -> None:
    unknown = [one for one in errors_of(module) if not issubclass(one, DRIVER_ERRORS) and one.__name__ not in UNUSED]

    assert unknown == []


@pytest.mark.parametrize("code", REFUSED)
def test_what_does_not_pass_is_a_matter_of_configuration(code: int) -> None:
    error = mapped(KafkaException(KafkaError(code, "said the broker")), OPTIONS)

    assert isinstance(error, ConfigurationError)
    assert "said the broker" in str(error)
    assert "secret" not in str(error)


@pytest.mark.parametrize(
    "error",
    [
        KafkaException(KafkaError(KafkaError._TRANSPORT, "gone")),
        KafkaException(KafkaError(KafkaError.NOT_LEADER_FOR_PARTITION)),
        KafkaException("gone"),
        BufferError("full"),
    ],
)
def test_everything_else_passes(error: Exception) -> None:
    ours = mapped(error, OPTIONS)

    assert isinstance(ours, StoreUnavailable)
    assert "one:1" in str(ours)
