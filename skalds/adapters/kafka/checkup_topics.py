"""Looks at each topic: whether it is there or may be made, and whether messages in it are safe and ours to use."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from confluent_kafka import KafkaError, KafkaException, Node, TopicCollection
from confluent_kafka.admin import AclOperation, AdminClient, ClusterMetadata, ConfigResource, NewTopic, TopicDescription

from skalds.adapters.kafka.client_settings import MESSAGE_LIMIT
from skalds.adapters.kafka.partitions import TOPICS
from skalds.ports.checkup import Finding, warning, well, wrong

if TYPE_CHECKING:
    from concurrent.futures import Future
    from enum import Enum

LEGACY_TOPICS = ("taskworker.update", "testing")
_MOST_COPIES = 3
_MIN_IN_SYNC = "min.insync.replicas"
_LARGEST_MESSAGE = "max.message.bytes"
_REFUSED = (KafkaError.TOPIC_AUTHORIZATION_FAILED, KafkaError.CLUSTER_AUTHORIZATION_FAILED)

Settings = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class TopicPlan:
    """What topics are made with that are not there yet; `serves_legacy` adds those only Skalds 0.3.8 uses."""

    partitions: int = 64
    replication: int | None = None
    serves_legacy: bool = True

    @property
    def names(self) -> tuple[str, ...]:
        return (*TOPICS, *LEGACY_TOPICS) if self.serves_legacy else TOPICS


def find_topics(admin: AdminClient, listing: ClusterMetadata, plan: TopicPlan, seconds: float) -> list[Finding]:
    """A finding for each topic; blocks, hence for threads."""
    present = [name for name in plan.names if name in listing.topics]
    described = _describe(admin, present, seconds) if present else {}
    settings = _settings_of(admin, present, seconds) if present else {}
    brokers = len(listing.brokers)
    return [
        _judge(name, described[name], settings.get(name), brokers)
        if name in described
        else _judge_absent(admin, name, plan, brokers, seconds)
        for name in plan.names
    ]


def may_make(admin: AdminClient, topic: NewTopic, seconds: float) -> KafkaError | None:
    """What the brokers would say to making it; None if they would agree."""
    (future,) = admin.create_topics([topic], validate_only=True, operation_timeout=seconds).values()
    return failure_of(future, seconds)


def failure_of(future: "Future[Any]", seconds: float) -> KafkaError | None:
    """What the brokers answered if it was no."""
    try:
        future.result(2 * seconds)
    except KafkaException as error:
        refusal: KafkaError = error.args[0]
        return refusal
    return None


def _describe(admin: AdminClient, names: list[str], seconds: float) -> dict[str, TopicDescription]:
    futures = admin.describe_topics(TopicCollection(names), include_authorized_operations=True, request_timeout=seconds)
    return {name: one.result() for name, one in futures.items() if failure_of(one, seconds) is None}


def _settings_of(admin: AdminClient, names: list[str], seconds: float) -> dict[str, Settings]:
    """Of topics whose settings this user may read."""
    resources = [ConfigResource(ConfigResource.Type.TOPIC, name) for name in names]
    futures = admin.describe_configs(resources, request_timeout=seconds)
    return {
        resource.name: {name: entry.value for name, entry in one.result().items()}
        for resource, one in futures.items()
        if failure_of(one, seconds) is None
    }


def _judge(name: str, topic: TopicDescription, settings: Settings | None, brokers: int) -> Finding:
    copies = min((len(partition.replicas) for partition in topic.partitions), default=0)
    in_sync = int(settings[_MIN_IN_SYNC]) if settings else 1
    described = f"{_counted(len(topic.partitions), 'partition')}, {_counted(copies, 'replica')}"
    for problem in (
        _why_not_written(name, topic, copies, in_sync),
        _why_not_allowed(name, topic),
        _why_not_large_enough(name, settings),
        _why_not_safe(name, topic, copies, brokers),
    ):
        if problem is not None:
            return problem
    return well(name, f"{described}, {_MIN_IN_SYNC} {in_sync}" if settings else described)


def _why_not_written(name: str, topic: TopicDescription, copies: int, in_sync: int) -> Finding | None:
    if in_sync > copies:
        detail = f"{_MIN_IN_SYNC} {in_sync} with {_counted(copies, 'replica')}: no message is ever acknowledged"
        return wrong(name, detail, f"set {_MIN_IN_SYNC} to {max(1, copies - 1)}, or give the topic more replicas")
    # The driver's types promise a leader; while there is none it gives None.
    leaders: list[Node | None] = [partition.leader for partition in topic.partitions]
    leaderless = leaders.count(None)
    if leaderless:
        detail = f"no leader for {_counted(leaderless, 'partition')} of {len(topic.partitions)}"
        return wrong(name, detail, "bring the broker back that holds them")
    lacking = [partition.id for partition in topic.partitions if len(partition.isr) < in_sync]
    if lacking:
        detail = f"too few replicas in sync for {_counted(len(lacking), 'partition')}: nothing is written there"
        return wrong(name, detail, "bring the missing brokers back")
    return None


def _why_not_allowed(name: str, topic: TopicDescription) -> Finding | None:
    # Brokers that do not tell leave it to the round trip to find out.
    allowed: list[Enum] | None = topic.authorized_operations
    needed = (AclOperation.READ, AclOperation.WRITE)
    missing = [operation.name for operation in needed if allowed is not None and operation not in allowed]
    if not missing:
        return None
    operations = " ".join(f"--operation {operation.capitalize()}" for operation in missing)
    fix = f"kafka-acls --add --allow-principal User:NAME {operations} --topic {name}"
    return wrong(name, f"this user may not {' or '.join(missing).lower()}", fix)


def _why_not_large_enough(name: str, settings: Settings | None) -> Finding | None:
    limit = int(settings[_LARGEST_MESSAGE]) if settings else MESSAGE_LIMIT
    if limit >= MESSAGE_LIMIT:
        return None
    fix = f"kafka-configs --alter --topic {name} --add-config {_LARGEST_MESSAGE}=1048588"
    return warning(name, f"{_LARGEST_MESSAGE} {limit:,}, Skalds sends up to {MESSAGE_LIMIT:,}", fix)


def _why_not_safe(name: str, topic: TopicDescription, copies: int, brokers: int) -> Finding | None:
    behind = sum(len(partition.isr) < len(partition.replicas) for partition in topic.partitions)
    if behind:
        detail = f"replicas of {_counted(behind, 'partition')} are behind or gone"
        return warning(name, detail, "see whether all brokers are up")
    if copies < min(2, brokers):
        detail = f"one replica only, with {brokers} brokers: each that is lost takes messages along"
        return warning(name, detail, f"give it {min(_MOST_COPIES, brokers)} replicas (kafka-reassign-partitions)")
    return None


def _judge_absent(admin: AdminClient, name: str, plan: TopicPlan, brokers: int, seconds: float) -> Finding:
    copies = plan.replication or min(_MOST_COPIES, brokers)
    if name in LEGACY_TOPICS:
        return well(name, "not there; only nodes of 0.3.8 would use it")
    refusal = may_make(admin, NewTopic(name, plan.partitions, copies), seconds)
    made_with = f"{_counted(plan.partitions, 'partition')} and {_counted(copies, 'replica')}"
    if refusal is None:
        return well(name, f"not there yet; may be made with {made_with}")
    command = f"kafka-topics --create --topic {name} --partitions {plan.partitions} --replication-factor {copies}"
    if refusal.code() in _REFUSED:
        detail = "not there, and this user may not see or make it"
        return wrong(name, detail, f"{command}, and grant this user Read, Write, Describe")
    if refusal.code() == KafkaError.INVALID_REPLICATION_FACTOR:
        detail = f"cannot be made with {_counted(copies, 'replica')} on {_counted(brokers, 'broker')}"
        return wrong(name, detail, f"set KAFKA_REPLICATION_FACTOR to {brokers} at most")
    return wrong(name, f"cannot be made: {refusal.str()}", command)


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
