"""Which of our errors each error of the driver becomes; no other one leaves this package."""

from confluent_kafka import (
    ConcurrentModificationException,
    IllegalStateException,
    KafkaError,
    KafkaException,
)

from skalds.adapters.kafka.options import KafkaOptions
from skalds.errors import ConfigurationError, SkaldsError, StoreUnavailable

DRIVER_ERRORS = (KafkaException, IllegalStateException, ConcurrentModificationException, BufferError)
"""Everything that the driver raises: first for what brokers say, then for how it is used or how full it is."""

REFUSED: dict[int, str] = {
    KafkaError._AUTHENTICATION: "a user name and password that Kafka accepts (KAFKA_USERNAME, KAFKA_PASSWORD)",
    KafkaError.SASL_AUTHENTICATION_FAILED: "a user name and password that Kafka accepts",
    KafkaError.UNSUPPORTED_SASL_MECHANISM: "a mechanism that Kafka offers (KAFKA_SASL_MECHANISM)",
    KafkaError.TOPIC_AUTHORIZATION_FAILED: "a user who may describe, read, write and create the topics `task.*`",
    KafkaError.CLUSTER_AUTHORIZATION_FAILED: "a user who may create topics, or topics that exist already",
    KafkaError.INVALID_REPLICATION_FACTOR: "as many brokers as KAFKA_REPLICATION_FACTOR says",
    KafkaError.POLICY_VIOLATION: "topics that the policy of the brokers allows, or that exist already",
    KafkaError._INVALID_ARG: "settings that fit together and files that can be read",
    KafkaError._SSL: "certificates that both sides accept",
}
"""What does not go away by waiting, with what was expected."""

TOO_LARGE = (KafkaError.MSG_SIZE_TOO_LARGE, KafkaError.INVALID_MSG_SIZE, KafkaError.RECORD_LIST_TOO_LARGE)


def error_of(error: Exception) -> KafkaError | None:
    """What the brokers or the driver said, if the exception carries it."""
    said = error.args[0] if error.args else None
    return said if isinstance(said, KafkaError) else None


def mapped(error: Exception, options: KafkaOptions) -> SkaldsError:
    """Our error for one of the driver's; raise it `from` the original."""
    said = error_of(error)
    return StoreUnavailable(_text(options, str(error))) if said is None else from_code(said, options)


def from_code(error: KafkaError, options: KafkaOptions) -> SkaldsError:
    """Our error for what a broker answered."""
    expected = REFUSED.get(error.code())
    if expected is not None:
        return ConfigurationError("KAFKA_HOST", options.address, f"{expected} ({error.str()})")
    return StoreUnavailable(_text(options, error.str()), reason=error.name())


def _text(options: KafkaOptions, said: str) -> str:
    return f"Kafka at {options.address}: {said}"
