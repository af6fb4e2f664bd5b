"""What settings of the distributed engine say together: contradictions stop the start, oddities are warned about."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from skalds.config._enum import EngineEnum, KafkaSaslMechanismEnum
from skalds.config.kinds import one_of
from skalds.config.server_declarations import KafkaSettings, MongoSettings, RedisSettings
from skalds.config.setting import Setting
from skalds.errors import ConfigurationError

Values = Mapping[str, Any]

_ALL_THREE = "the distributed engine needs MongoDB, Kafka and Redis"
_KAFKA_FILES = (
    KafkaSettings.kafka_ssl_ca_file,
    KafkaSettings.kafka_ssl_certificate_file,
    KafkaSettings.kafka_ssl_key_file,
)
_FILES = (RedisSettings.redis_tls_ca_file, *_KAFKA_FILES)
_MECHANISMS = one_of(KafkaSaslMechanismEnum).expected


def check_servers(values: Values) -> list[str]:
    """The warnings about these settings; raises ConfigurationError for the first that cannot be meant."""
    if values.get("skalds_engine") is not EngineEnum.DISTRIBUTED:
        return []
    for refuse in _REFUSALS:
        refuse(values)
    return [warning for warn in _WARNINGS for warning in warn(values)]


def _refuse_missing_addresses(values: Values) -> None:
    if not values["mongo_host"]:
        raise _error(MongoSettings.mongo_host, values, f"an address like mongodb://host:27017/: {_ALL_THREE}")
    if not values["kafka_host"]:
        raise _error(KafkaSettings.kafka_host, values, f"an address like kafka:9092: {_ALL_THREE}")
    if not (values["redis_url"] or values["redis_host"]):
        raise _error(RedisSettings.redis_host, values, f"the name of a host, or REDIS_URL: {_ALL_THREE}")


def _refuse_unreadable_files(values: Values) -> None:
    for setting in _FILES:
        try:
            if values[setting.name] is not None:
                values[setting.name].open("rb").close()
        except OSError as error:
            raise _error(setting, values, f"a file that can be read ({error.strerror})") from error


def _refuse_half_redis_login(values: Values) -> None:
    if values["redis_username"] and not (values["redis_password"] or urlsplit(values["redis_url"]).password):
        raise _error(RedisSettings.redis_password, values, "the password of the user that REDIS_USERNAME names")


def _refuse_redis_without_tls(values: Values) -> None:
    asked = [name for name in ("redis_tls_ca_file", "redis_tls") if values[name]]
    if not asked:
        return
    because = f"because {asked[0].upper()} is set"
    if values["redis_url"] and not values["redis_url"].startswith("rediss:"):
        raise _error(RedisSettings.redis_url, values, f"an address that begins with rediss://, {because}")
    if not (values["redis_url"] or values["redis_tls"]):
        raise _error(RedisSettings.redis_tls, values, f"true, {because}")


def _refuse_half_kafka_login(values: Values) -> None:
    protocol = values["kafka_security_protocol"]
    because = f"because KAFKA_SECURITY_PROTOCOL is {protocol}"
    if not protocol.has_login:
        return
    if values["kafka_sasl_mechanism"] is None:
        raise _error(KafkaSettings.kafka_sasl_mechanism, values, f"{_MECHANISMS}, {because}")
    if not values["kafka_username"]:
        raise _error(KafkaSettings.kafka_username, values, f"a user name, {because}")
    if not values["kafka_password"]:
        raise _error(KafkaSettings.kafka_password, values, f"the password of KAFKA_USERNAME, {because}")


def _refuse_kafka_without_tls(values: Values) -> None:
    protocol = values["kafka_security_protocol"]
    for setting in _KAFKA_FILES:
        if values[setting.name] and not protocol.has_tls:
            fitting = "SASL_SSL" if protocol.has_login else "SSL"
            because = f"because {setting.environment_name} is set"
            raise _error(KafkaSettings.kafka_security_protocol, values, f"{fitting}, {because}")


def _refuse_half_kafka_certificate(values: Values) -> None:
    certificate, key = values["kafka_ssl_certificate_file"], values["kafka_ssl_key_file"]
    if certificate and not key:
        expected = "the key of KAFKA_SSL_CERTIFICATE_FILE, which may be the same file"
        raise _error(KafkaSettings.kafka_ssl_key_file, values, expected)
    if key and not certificate:
        raise _error(KafkaSettings.kafka_ssl_certificate_file, values, "the certificate of KAFKA_SSL_KEY_FILE")
    if values["kafka_ssl_key_password"] and not key:
        raise _error(KafkaSettings.kafka_ssl_key_file, values, "the key that KAFKA_SSL_KEY_PASSWORD belongs to")


def _warn_of_unused_redis_login(values: Values) -> Iterator[str]:
    url = urlsplit(values["redis_url"])
    if url.username and values["redis_username"]:
        yield "REDIS_USERNAME has no effect: REDIS_URL names a user"
    if url.password and values["redis_password"]:
        yield "REDIS_PASSWORD has no effect: REDIS_URL holds a password"


def _warn_of_unused_kafka_login(values: Values) -> Iterator[str]:
    # 0.3.8 ignored them in silence everywhere but at confluent.cloud, so there are installations that set them.
    protocol = values["kafka_security_protocol"]
    if (values["kafka_username"] or values["kafka_password"]) and not protocol.has_login:
        yield (
            f"KAFKA_USERNAME and KAFKA_PASSWORD have no effect while KAFKA_SECURITY_PROTOCOL is {protocol}: "
            "set KAFKA_SASL_MECHANISM as well"
        )


def _error(setting: Setting[Any], values: Values, expected: str) -> ConfigurationError:
    return ConfigurationError(setting.environment_name, setting.show(values[setting.name]), expected)


_REFUSALS: tuple[Callable[[Values], None], ...] = (
    _refuse_missing_addresses,
    _refuse_unreadable_files,
    _refuse_half_redis_login,
    _refuse_redis_without_tls,
    _refuse_half_kafka_login,
    _refuse_kafka_without_tls,
    _refuse_half_kafka_certificate,
)
_WARNINGS: tuple[Callable[[Values], Iterator[str]], ...] = (_warn_of_unused_redis_login, _warn_of_unused_kafka_login)
