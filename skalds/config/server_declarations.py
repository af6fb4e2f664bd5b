"""The settings that say where the servers of the distributed engine are and how one gets in."""

from collections.abc import Mapping

from skalds.config._enum import KafkaSaslMechanismEnum, KafkaSecurityEnum
from skalds.config.kinds import BOOLEAN, PATH, PORT, SECONDS, TEXT, one_of, whole_number
from skalds.config.kinds_of_servers import BROKERS, MONGO_URI, REDIS_URL, optional
from skalds.config.setting import Derived, Secrecy, Setting

_FILE = optional(PATH)
_CONFLUENT = "confluent.cloud"
_KAFKA_FILES = ("kafka_ssl_ca_file", "kafka_ssl_certificate_file", "kafka_ssl_key_file")


def _choose_security(given: Mapping[str, object]) -> KafkaSecurityEnum:
    # A password never goes out in the clear because nobody said how.
    if given.get("kafka_sasl_mechanism") or _logs_in_to_confluent(given):
        return KafkaSecurityEnum.SASL_SSL
    if any(given.get(name) for name in _KAFKA_FILES):
        return KafkaSecurityEnum.SSL
    return KafkaSecurityEnum.PLAINTEXT


def _choose_mechanism(given: Mapping[str, object]) -> KafkaSaslMechanismEnum | None:
    return KafkaSaslMechanismEnum.PLAIN if _logs_in_to_confluent(given) else None


def _logs_in_to_confluent(given: Mapping[str, object]) -> bool:
    return _CONFLUENT in str(given.get("kafka_host")) and bool(given.get("kafka_username"))


def _count_later(_: Mapping[str, object]) -> None:
    """How many brokers there are is known only once one has answered."""


class MongoSettings:
    """MongoDB (distributed engine)"""

    mongo_host = Setting(
        MONGO_URI,
        "mongodb://root:root@localhost:27017/",
        "URI of MongoDB; its options say the rest: replicaSet, authSource, tls, tlsCAFile and others of the driver.",
        secrecy=Secrecy.PASSWORD_IN_URL,
    )
    db_name = Setting(TEXT, "skalds", "Name of the database.")


class RedisSettings:
    """Redis (distributed engine)"""

    redis_url = Setting(
        REDIS_URL,
        "",
        "Address of Redis; stronger than REDIS_HOST, REDIS_PORT, REDIS_DB and REDIS_TLS.",
        secrecy=Secrecy.PASSWORD_IN_URL,
    )
    redis_host = Setting(TEXT, "localhost", "Host of Redis.")
    redis_port = Setting(PORT, 6379, "Port of Redis.")
    redis_username = Setting(TEXT, "", "User name for Redis; empty is the user `default`.")
    redis_password = Setting(TEXT, "", "Password of Redis.", secrecy=Secrecy.WHOLE)
    redis_db = Setting(whole_number(0, 1_000_000), 0, "Number of the database; a Cluster has only 0.")
    redis_tls = Setting(BOOLEAN, False, "Whether Redis is spoken to through TLS.")
    redis_tls_ca_file = Setting(
        _FILE, None, "Certificates that Redis is checked against; empty means those of the system."
    )
    redis_sync_period = Setting(SECONDS, 3, "Seconds between two writes of the task and class lists.")
    redis_key_ttl = Setting(SECONDS, 3600, "Seconds a key outlives its last write.")


class KafkaSettings:
    """Kafka (distributed engine)"""

    kafka_host = Setting(BROKERS, "localhost", "Bootstrap servers of Kafka; those without a port have KAFKA_PORT.")
    kafka_port = Setting(PORT, 9092, "Bootstrap port of Kafka.")
    kafka_security_protocol = Setting(
        one_of(KafkaSecurityEnum),
        Derived(
            "SASL_SSL if KAFKA_SASL_MECHANISM is set or a user of confluent.cloud is named, SSL if a KAFKA_SSL_ file "
            "is, else PLAINTEXT",
            _choose_security,
        ),
        "How connections to Kafka are secured.",
    )
    kafka_sasl_mechanism = Setting(
        optional(one_of(KafkaSaslMechanismEnum)),
        Derived("PLAIN for a user of confluent.cloud, else nothing", _choose_mechanism),
        "How Kafka is shown user name and password; needed by the SASL protocols.",
    )
    kafka_username = Setting(TEXT, "", "User name for Kafka.")
    kafka_password = Setting(TEXT, "", "Password for Kafka.", secrecy=Secrecy.WHOLE)
    kafka_ssl_ca_file = Setting(
        _FILE, None, "Certificates that Kafka is checked against; empty means those of the system."
    )
    kafka_ssl_certificate_file = Setting(_FILE, None, "Certificate that is shown to Kafka.")
    kafka_ssl_key_file = Setting(_FILE, None, "Private key of that certificate; may be the same file.")
    kafka_ssl_key_password = Setting(TEXT, "", "Password of that key.", secrecy=Secrecy.WHOLE)
    kafka_topic_partitions = Setting(whole_number(1, 100_000), 64, "Partitions of the topics Skalds creates.")
    kafka_replication_factor = Setting(
        optional(whole_number(1, 100), "auto"),
        Derived("the number of brokers, at most 3", _count_later),
        "Replication of the topics Skalds creates.",
    )
