"""What the settings of a process come to for the drivers."""

from pathlib import Path

import pytest

from skalds.adapters.distributed.options import kafka_options
from skalds.config.skald_config import SkaldConfig

FILE = Path(__file__)


pytestmark = pytest.mark.usefixtures("empty_surroundings")


def test_kafka_is_told_user_and_files_where_the_protocol_has_them() -> None:
    config = SkaldConfig(
        kafka_host="k",
        kafka_sasl_mechanism="scram-sha-256",
        kafka_username="me",
        kafka_password="x",
        kafka_ssl_ca_file=FILE,
        kafka_ssl_certificate_file=FILE,
        kafka_ssl_key_file=FILE,
        kafka_ssl_key_password="y",
    )

    assert kafka_options(config).address == "k:9092"
    assert kafka_options(config).security() == {
        "security.protocol": "SASL_SSL",
        "sasl.mechanism": "SCRAM-SHA-256",
        "sasl.username": "me",
        "sasl.password": "x",
        "ssl.ca.location": str(FILE),
        "ssl.certificate.location": str(FILE),
        "ssl.key.location": str(FILE),
        "ssl.key.password": "y",
    }


def test_login_that_the_protocol_has_no_place_for_is_not_sent() -> None:
    config = SkaldConfig(kafka_host="k", kafka_username="me", kafka_password="x")

    assert kafka_options(config).security() == {"security.protocol": "PLAINTEXT"}
