"""Settings of the servers that contradict each other stop the start with the setting and the fix."""

from pathlib import Path

import pytest

from skalds.config.settings import Settings
from skalds.config.skald_config import SkaldConfig
from skalds.config.system_controller_config import SystemControllerConfig
from skalds.errors import ConfigurationError

FILE = Path(__file__)
REFUSED: list[tuple[dict[str, object], str, str]] = [
    ({"mongo_host": ""}, "MONGO_HOST", "mongodb://host:27017/"),
    ({"kafka_host": ""}, "KAFKA_HOST", "kafka:9092"),
    ({"redis_host": ""}, "REDIS_HOST", "or REDIS_URL"),
    ({"redis_username": "me"}, "REDIS_PASSWORD", "REDIS_USERNAME"),
    ({"redis_tls_ca_file": FILE}, "REDIS_TLS", "true, because REDIS_TLS_CA_FILE is set"),
    ({"redis_tls_ca_file": FILE, "redis_url": "redis://h"}, "REDIS_URL", "rediss://"),
    ({"redis_tls": True, "redis_url": "redis://h"}, "REDIS_URL", "rediss://, because REDIS_TLS is set"),
    ({"redis_tls": True, "redis_tls_ca_file": "/nowhere"}, "REDIS_TLS_CA_FILE", "No such file"),
    ({"kafka_security_protocol": "sasl_ssl"}, "KAFKA_SASL_MECHANISM", "PLAIN, SCRAM-SHA-256, SCRAM-SHA-512"),
    ({"kafka_sasl_mechanism": "plain"}, "KAFKA_USERNAME", "because KAFKA_SECURITY_PROTOCOL is SASL_SSL"),
    ({"kafka_sasl_mechanism": "plain", "kafka_username": "me"}, "KAFKA_PASSWORD", "KAFKA_USERNAME"),
    ({"kafka_ssl_ca_file": "/nowhere"}, "KAFKA_SSL_CA_FILE", "No such file"),
    ({"kafka_ssl_ca_file": FILE.parent}, "KAFKA_SSL_CA_FILE", "directory"),
    ({"kafka_ssl_ca_file": FILE, "kafka_security_protocol": "plaintext"}, "KAFKA_SECURITY_PROTOCOL", "SSL, because"),
    ({"kafka_ssl_certificate_file": FILE}, "KAFKA_SSL_KEY_FILE", "KAFKA_SSL_CERTIFICATE_FILE"),
    ({"kafka_ssl_key_file": FILE}, "KAFKA_SSL_CERTIFICATE_FILE", "KAFKA_SSL_KEY_FILE"),
    ({"kafka_ssl_key_password": "x"}, "KAFKA_SSL_KEY_FILE", "KAFKA_SSL_KEY_PASSWORD"),
]


pytestmark = pytest.mark.usefixtures("empty_surroundings")


@pytest.mark.parametrize("role", [SkaldConfig, SystemControllerConfig])
@pytest.mark.parametrize(("given", "setting", "fix"), REFUSED)
def test_contradiction_is_refused(role: type[Settings], given: dict[str, object], setting: str, fix: str) -> None:
    with pytest.raises(ConfigurationError) as refusal:
        role(skalds_engine="distributed", **given)

    assert refusal.value.fields["setting"] == setting
    assert fix in str(refusal.value.fields["expected"])


@pytest.mark.parametrize(("given", "setting", "fix"), REFUSED)
def test_servers_that_are_not_used_are_not_looked_at(given: dict[str, object], setting: str, fix: str) -> None:
    assert SystemControllerConfig(skalds_engine="embedded", **given).warnings == ()


def test_password_in_an_address_that_is_refused_is_not_shown() -> None:
    with pytest.raises(ConfigurationError) as refusal:
        SkaldConfig(skalds_engine="distributed", redis_url="redis://me:geheim@h/3", redis_tls=True)

    assert "geheim" not in str(refusal.value)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"kafka_username": "me", "kafka_password": "x"}, "KAFKA_SASL_MECHANISM"),
        ({"redis_url": "redis://me:x@h", "redis_password": "y"}, "REDIS_PASSWORD has no effect"),
        ({"redis_url": "redis://me:x@h", "redis_username": "you"}, "REDIS_USERNAME has no effect"),
    ],
)
def test_login_without_effect_is_warned_about(given: dict[str, object], told: str) -> None:
    (warning,) = SkaldConfig(skalds_engine="distributed", **given).warnings

    assert told in warning


def test_password_of_redis_may_stand_beside_its_url() -> None:
    config = SkaldConfig(redis_url="rediss://h", redis_username="me", redis_password="x", redis_tls_ca_file=FILE)

    assert config.warnings == ()


@pytest.mark.parametrize(
    ("given", "protocol", "mechanism"),
    [
        ({"kafka_host": "kafka"}, "PLAINTEXT", None),
        ({"kafka_host": "kafka", "kafka_ssl_ca_file": FILE}, "SSL", None),
        (
            {"kafka_sasl_mechanism": "scram-sha-512", "kafka_username": "u", "kafka_password": "p"},
            "SASL_SSL",
            "SCRAM-SHA-512",
        ),
        (
            {"kafka_host": "x.confluent.cloud", "kafka_username": "u", "kafka_password": "p"},
            "SASL_SSL",
            "PLAIN",
        ),
    ],
)
def test_kafka_is_secured_as_far_as_the_settings_say(
    given: dict[str, object], protocol: str, mechanism: str | None
) -> None:
    config = SkaldConfig(**given)

    assert (config.kafka_security_protocol, config.kafka_sasl_mechanism) == (protocol, mechanism)


def test_topics_have_the_partitions_and_copies_of_the_design_unless_told_otherwise() -> None:
    config = SkaldConfig()

    assert (config.kafka_topic_partitions, config.kafka_replication_factor) == (64, None)
    assert SkaldConfig(kafka_replication_factor="2").kafka_replication_factor == 2
