"""Log-in, rights and TLS of Kafka."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from confluent_kafka.admin import ScramCredentialInfo, ScramMechanism, UserScramCredentialUpsertion

from skalds.adapters.kafka.options import KafkaOptions
from skalds.errors import ConfigurationError
from skalds.testing.services.kafka_server import KafkaServer
from skalds.testing.services.ports import free_port
from tests.certificates import Certificate, make_certificate
from tests.integration.kafka.brokers import Listener, broker_with
from tests.integration.kafka.conftest import PARTITIONS
from tests.integration.kafka.pair import all_is_well, announce_in_time, connected
from tests.integration.kafka.traffic import message, opened

pytestmark = pytest.mark.integration

LOGIN = "org.apache.kafka.common.security"
MECHANISMS = {"SCRAM-SHA-256": ScramMechanism.SCRAM_SHA_256, "SCRAM-SHA-512": ScramMechanism.SCRAM_SHA_512}


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return make_certificate(tmp_path_factory.mktemp("certificate"))


@pytest.fixture(scope="module")
def secure(tmp_path_factory: pytest.TempPathFactory, certificate: Certificate) -> Iterator[KafkaOptions]:
    """A broker that lets alice do everything and bob nothing."""
    folder, port = tmp_path_factory.mktemp("kafka"), free_port()
    store = folder / "store.pem"
    store.write_text(certificate.key.read_text() + certificate.file.read_text())
    users = 'username="x" password="x" user_alice="right" user_bob="right"'
    settings = {
        "ssl.keystore.type": "PEM",
        "ssl.keystore.location": str(store),
        "sasl.enabled.mechanisms": ",".join(["PLAIN", *MECHANISMS]),
        "listener.name.extra.plain.sasl.jaas.config": f"{LOGIN}.plain.PlainLoginModule required {users};",
        "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        "super.users": "User:ANONYMOUS;User:alice",
    } | {
        f"listener.name.extra.{m.lower()}.sasl.jaas.config": f"{LOGIN}.scram.ScramLoginModule required;"
        for m in MECHANISMS
    }
    with broker_with(folder, Listener("SASL_SSL", port, port), settings) as server:
        _let_alice_in(server)
        yield KafkaOptions(
            servers=(f"127.0.0.1:{port}",),
            mechanism="PLAIN",
            username="alice",
            password="right",
            ca_file=str(certificate.file),
            partitions=PARTITIONS,
            patience_seconds=5,
        )


def _let_alice_in(server: KafkaServer) -> None:
    admin = server.admin()
    for mechanism in MECHANISMS.values():
        entry = UserScramCredentialUpsertion("alice", ScramCredentialInfo(mechanism, 4_096), b"right")
        for changed in admin.alter_user_scram_credentials([entry]).values():
            changed.result(10)


@pytest.mark.parametrize("mechanism", ["PLAIN", *MECHANISMS])
async def test_every_mechanism_works_through_tls(secure: KafkaOptions, mechanism: str) -> None:
    async with connected(replace(secure, mechanism=mechanism, patience_seconds=10)) as pair:
        await all_is_well(pair, "after")


async def test_wrong_password_is_told_and_not_shown(secure: KafkaOptions) -> None:
    wrong = replace(secure, password="wr0ng")
    async with opened(wrong) as bus:
        await announce_in_time(bus, 15)
        with pytest.raises(ConfigurationError, match="password that Kafka accepts") as refusal:
            async with bus.listen("node-1"):
                pass
    assert "wr0ng" not in str(refusal.value)


async def test_unknown_certificate_is_told(secure: KafkaOptions, tmp_path_factory: pytest.TempPathFactory) -> None:
    other = make_certificate(tmp_path_factory.mktemp("other"))
    async with opened(replace(secure, ca_file=str(other.file)), sends=False) as bus:
        with pytest.raises(ConfigurationError, match="certificates"):
            async with bus.listen("node-1"):
                pass


async def test_file_that_cannot_be_read_is_told_at_once(secure: KafkaOptions) -> None:
    with pytest.raises(ConfigurationError, match=r"none\.pem|ca\.location"):
        async with opened(replace(secure, ca_file="/none.pem")):
            pass


async def test_missing_right_is_told(secure: KafkaOptions) -> None:
    async with opened(replace(secure, username="bob", prefix="bob.")) as bus:
        assert list(await bus.announce([message("node-1", "a")])) == [message("node-1", "a")]
        with pytest.raises(ConfigurationError, match="a user who may"):
            async with bus.listen("node-1"):
                pass
