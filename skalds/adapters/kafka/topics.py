"""Looks at the topics, and makes those that do not exist."""

import time
from collections.abc import Sequence

from confluent_kafka import Consumer, KafkaError, KafkaException, Producer
from confluent_kafka.admin import AdminClient, ClusterMetadata
from confluent_kafka.cimpl import NewTopic

from skalds.adapters.kafka.client_settings import admin_settings
from skalds.adapters.kafka.driver_log import DriverLog
from skalds.adapters.kafka.error_mapping import error_of, from_code
from skalds.adapters.kafka.options import KafkaOptions
from skalds.adapters.kafka.partitions import Partitions
from skalds.errors import StoreUnavailable

_LOOK_SECONDS = 3.0
_MAKE_SECONDS = 5.0
_LOOKS = 20
_LOOK_AGAIN_SECONDS = 0.1
_REPLICATION = 3
_ABSENT = (KafkaError.UNKNOWN_TOPIC_OR_PART, KafkaError._UNKNOWN_TOPIC)
_PASSING = (KafkaError.LEADER_NOT_AVAILABLE, KafkaError.REPLICA_NOT_AVAILABLE)


def find_partitions(client: Producer | Consumer, options: KafkaOptions) -> Partitions:
    """What the brokers say of our topics, which are made first if they are absent; blocks, hence for threads.

    Raises the driver's errors, and ours for what an operator must change (`ConfigurationError`) or must wait for.
    """
    listing = _listing(client)
    if absent := _absent(listing, options):
        _make(absent, len(listing.brokers), options)
        listing = _listing_with(absent, client, options)
    for name in options.topics:
        error = listing.topics[name].error
        if error is not None and error.code() not in _PASSING:
            raise from_code(error, options)
    return _partitions(listing, options)


def _listing(client: Producer | Consumer) -> ClusterMetadata:
    """Asks for everything: a topic that a producer asks for by name is made by the brokers, in their own way."""
    listing: ClusterMetadata = client.list_topics(timeout=_LOOK_SECONDS)
    return listing


def _absent(listing: ClusterMetadata, options: KafkaOptions) -> Sequence[str]:
    errors = {name: listing.topics[name].error for name in options.topics if name in listing.topics}
    unknown = {name for name, error in errors.items() if error is not None and error.code() in _ABSENT}
    return [name for name in options.topics if name not in errors or name in unknown]


def _listing_with(made: Sequence[str], client: Producer | Consumer, options: KafkaOptions) -> ClusterMetadata:
    """What brokers agree to make, all of them know a moment later."""
    for _ in range(_LOOKS):
        listing = _listing(client)
        if not _absent(listing, options):
            return listing
        time.sleep(_LOOK_AGAIN_SECONDS)
    raise StoreUnavailable(f"Kafka at {options.address} does not show us the topics {', '.join(made)}")


def _partitions(listing: ClusterMetadata, options: KafkaOptions) -> Partitions:
    numbered = {name: listing.topics[name].partitions for name in options.topics}
    return Partitions(
        {name: max(len(partitions), 1) for name, partitions in numbered.items()},
        frozenset(
            (name, number)
            for name, partitions in numbered.items()
            for number, partition in partitions.items()
            if partition.leader < 0
        ),
    )


def _make(names: Sequence[str], brokers: int, options: KafkaOptions) -> None:
    """Whoever comes second finds that another process was faster, which is as good."""
    replication = options.replication or min(_REPLICATION, max(brokers, 1))
    admin = AdminClient(admin_settings(options), logger=DriverLog("topics"))
    wanted = [NewTopic(name, options.partitions, replication) for name in names]
    for outcome in admin.create_topics(wanted, operation_timeout=_MAKE_SECONDS).values():
        try:
            outcome.result(_MAKE_SECONDS * 2)
        except KafkaException as error:
            said = error_of(error)
            if said is None or said.code() != KafkaError.TOPIC_ALREADY_EXISTS:
                raise
