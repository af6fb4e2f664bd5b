"""From the settings of a process to the options of the three engines."""

from dataclasses import dataclass

from skalds.adapters.kafka.options import KafkaOptions
from skalds.adapters.mongo.options import MongoOptions
from skalds.adapters.redis.options import RedisOptions
from skalds.config.server_addresses import Config, kafka_servers, redis_url

_DEFAULT_FLEET = "skalds"


@dataclass(frozen=True, slots=True)
class DistributedOptions:
    """Where the three are and how one gets in."""

    mongo: MongoOptions
    kafka: KafkaOptions
    redis: RedisOptions


def distributed_options(config: Config) -> DistributedOptions:
    """What `config` says; raises `ConfigurationError` for what can never work."""
    return DistributedOptions(
        MongoOptions(uri=config.mongo_host, database=config.db_name), kafka_options(config), _redis_options(config)
    )


def kafka_options(config: Config) -> KafkaOptions:
    """What `config` says of Kafka alone."""
    protocol = config.kafka_security_protocol
    mechanism = config.kafka_sasl_mechanism if protocol.has_login else None
    return KafkaOptions(
        servers=tuple(kafka_servers(config).split(",")),
        mechanism=mechanism.value if mechanism is not None else None,
        username=config.kafka_username or None,
        password=config.kafka_password or None,
        tls=protocol.has_tls,
        ca_file=_text(config.kafka_ssl_ca_file),
        certificate_file=_text(config.kafka_ssl_certificate_file),
        key_file=_text(config.kafka_ssl_key_file),
        key_password=config.kafka_ssl_key_password or None,
        partitions=config.kafka_topic_partitions,
        replication=config.kafka_replication_factor,
        serves_legacy=config.skalds_legacy,
    )


def _redis_options(config: Config) -> RedisOptions:
    # The database names the fleet: several of them may share a Redis.
    fleet = config.db_name
    prefix = _DEFAULT_FLEET if fleet == _DEFAULT_FLEET else f"{_DEFAULT_FLEET}:{fleet}"
    return RedisOptions(url=redis_url(config), prefix=prefix)


def _text(path: object) -> str | None:
    return None if path is None else str(path)
