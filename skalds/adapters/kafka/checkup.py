"""Looks whether Kafka can carry the messages: from the name of the host to one that is sent and read back."""

import asyncio
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient, ClusterMetadata, ConfigResource

from skalds.adapters.kafka.checkup_topics import TopicPlan, find_topics
from skalds.adapters.kafka.checkup_trip import find_round_trip
from skalds.adapters.reachability import Address, find_members_reachable, find_reachable
from skalds.ports.checkup import Checkup, Finding, well, wrong

SETTING = "KAFKA_HOST"
_PROTOCOL_VERSION = "inter.broker.protocol.version"


@dataclass(frozen=True, slots=True)
class Answers:
    """What the brokers said of themselves, and what the driver complained of meanwhile."""

    listing: ClusterMetadata | None
    complaints: Sequence[KafkaError] = field(default_factory=tuple)


class KafkaCheckup:
    """`properties` are those of the driver that say where the brokers are and who we are to them."""

    def __init__(self, properties: Mapping[str, str], plan: TopicPlan, *, seconds: float = 5.0) -> None:
        self._properties = {**properties, "client.id": "skalds-doctor", "log_level": "0"}
        self._plan = plan
        self._seconds = seconds

    async def findings(self) -> AsyncIterator[Finding]:
        addresses = [_address_of(server) for server in self._properties["bootstrap.servers"].split(",")]
        reachable = await find_reachable(addresses, SETTING, self._seconds)
        yield reachable
        if reachable.is_wrong:
            return
        complaints: list[KafkaError] = []
        try:
            settings: dict[str, Any] = {**self._properties, "error_cb": complaints.append}
            admin = AdminClient(settings)
        except KafkaException as error:
            yield wrong("settings", _said(error), "correct the KAFKA_SASL_ and KAFKA_SSL_ settings")
            return
        answers = await asyncio.to_thread(_listen_to, admin, complaints, self._seconds)
        if answers.listing is None:
            yield _why_not_spoken_to(answers.complaints, self._properties)
            return
        async for finding in self._look_at_cluster(admin, answers.listing):
            yield finding

    async def _look_at_cluster(self, admin: AdminClient, listing: ClusterMetadata) -> AsyncIterator[Finding]:
        yield well("login", _describe_login(self._properties))
        brokers = [Address(str(broker.host), broker.port) for broker in listing.brokers.values()]
        fix = "set advertised.listeners of each broker to an address that this machine reaches"
        members = await find_members_reachable("brokers", brokers, fix, self._seconds)
        yield members
        if members.is_wrong:
            return
        yield await asyncio.to_thread(_find_version, admin, listing, self._seconds)
        for finding in await asyncio.to_thread(find_topics, admin, listing, self._plan, self._seconds):
            yield finding
        yield await asyncio.to_thread(find_round_trip, admin, self._properties, listing, self._seconds)


def _listen_to(admin: AdminClient, complaints: Sequence[KafkaError], seconds: float) -> Answers:
    try:
        return Answers(admin.list_topics(timeout=seconds))
    except KafkaException:
        admin.poll(0)
        return Answers(None, complaints)


def _why_not_spoken_to(complaints: Sequence[KafkaError], properties: Mapping[str, Any]) -> Finding:
    """The first complaint that says more than that nobody is there."""
    protocol = properties["security.protocol"]
    for complaint in complaints:
        text = _without_place(complaint.str())
        if complaint.code() == KafkaError._AUTHENTICATION:
            fix = "correct KAFKA_USERNAME, KAFKA_PASSWORD or KAFKA_SASL_MECHANISM"
            return wrong("login", f"refused for {properties.get('sasl.username')}: {text}", fix)
        if complaint.code() == KafkaError._SSL or "SSL" in text:
            fix = "compare KAFKA_SECURITY_PROTOCOL and the KAFKA_SSL_ files with the listener of the broker"
            return wrong("TLS", text, fix)
    detail = f"it takes connections and does not answer as {protocol}"
    return wrong("speaks Kafka", detail, "let KAFKA_SECURITY_PROTOCOL be that of the listener, or correct the port")


def _describe_login(properties: Mapping[str, str]) -> str:
    name = properties.get("sasl.username")
    return f"{'as ' + name if name else 'without a user name'}, {properties['security.protocol']}"


def _find_version(admin: AdminClient, listing: ClusterMetadata, seconds: float) -> Finding:
    """Brokers tell no release, only the version in which they speak to each other, and that not to everybody."""
    resource = ConfigResource(ConfigResource.Type.BROKER, str(next(iter(listing.brokers))))
    try:
        (future,) = admin.describe_configs([resource], request_timeout=seconds).values()
        protocol = future.result(seconds)[_PROTOCOL_VERSION].value
    except (KafkaException, KeyError):
        return well("version", "not told to this user")
    return well("version", f"protocol {protocol}; broker {listing.controller_id} is the controller")


def _address_of(server: str) -> Address:
    host, _, port = server.rpartition(":")
    return Address(host.strip("[]"), int(port))


def _without_place(text: str) -> str:
    """The words of the driver without the address before and the state of its machinery after."""
    return re.sub(r" \(after .*\)$", "", text.partition("/bootstrap: ")[2] or text)


def _said(error: KafkaException) -> str:
    return str(error.args[0].str()) if error.args and isinstance(error.args[0], KafkaError) else str(error)


_: type[Checkup] = KafkaCheckup
