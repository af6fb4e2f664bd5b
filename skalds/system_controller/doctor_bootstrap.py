"""Chooses what `skalds doctor` looks at: who may reach the controller, then each server of the configured engine."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass

from skalds.adapters.extra import require_distributed
from skalds.adapters.sqlite.checkup import SqliteCheckup
from skalds.config._enum import EngineEnum
from skalds.config.access import MAKE_A_TOKEN, SHORTEST_TOKEN, check_access
from skalds.config.server_addresses import redis_url
from skalds.config.server_declarations import MongoSettings, RedisSettings
from skalds.config.system_controller_config import SystemControllerConfig
from skalds.errors import ConfigurationError
from skalds.ports.checkup import Checkup, warning, well, wrong
from skalds.ports.checkup import Finding as Finding
from skalds.ports.checkup import Verdict as Verdict


@dataclass(frozen=True, slots=True)
class Patient:
    """One thing to look at: what people call it, where it is (without secrets), and how to look."""

    name: str
    place: str
    checkup: Checkup


def patients(config: SystemControllerConfig) -> Iterator[Patient]:
    """In the order in which a controller needs them."""
    yield Patient("Settings", f"{config.skalds_engine} engine", SettingsCheckup(config))
    if config.skalds_engine is EngineEnum.EMBEDDED:
        yield Patient("Data directory", str(config.skalds_data_dir), SqliteCheckup(config.skalds_data_dir))
        return
    require_distributed()
    yield from _servers(config)


def _servers(config: SystemControllerConfig) -> Iterator[Patient]:
    # Here, because their drivers are an extra that the embedded engine does without.
    from skalds.adapters.distributed.options import kafka_options
    from skalds.adapters.kafka.checkup import KafkaCheckup
    from skalds.adapters.kafka.checkup_topics import TopicPlan
    from skalds.adapters.mongo.checkup import MongoCheckup
    from skalds.adapters.redis.checkup import RedisCheckup

    mongo = MongoSettings.mongo_host.show(config.mongo_host)
    yield Patient("MongoDB", f"{mongo}, database {config.db_name}", MongoCheckup(config.mongo_host, config.db_name))
    plan = TopicPlan(config.kafka_topic_partitions, config.kafka_replication_factor, config.skalds_legacy)
    kafka = kafka_options(config)
    yield Patient("Kafka", kafka.address, KafkaCheckup({"bootstrap.servers": kafka.address, **kafka.security()}, plan))
    redis = redis_url(config)
    yield Patient("Redis", RedisSettings.redis_url.show(redis), RedisCheckup(redis))


class SettingsCheckup:
    """What the settings say together; that each can be used was found when they were read."""

    def __init__(self, config: SystemControllerConfig) -> None:
        self._config = config

    async def findings(self) -> AsyncIterator[Finding]:
        for told in self._config.warnings:
            yield warning("settings", told, "skalds config show")
        yield self._find_access()

    def _find_access(self) -> Finding:
        config = self._config
        host = config.system_controller_host or "every address"
        fix = f"set SKALDS_TOKEN to the output of: {MAKE_A_TOKEN}"
        try:
            warnings = check_access(config)
        except ConfigurationError:
            token = f"has fewer than {SHORTEST_TOKEN} characters" if config.skalds_token else "is not set"
            return wrong("access", f"others can reach {host} and SKALDS_TOKEN {token}: no controller starts", fix)
        if warnings:
            return warning("access", warnings[0], fix)
        who = "who presents SKALDS_TOKEN" if config.skalds_token else "this machine"
        return well("access", f"a controller listens on {host} and answers {who} only")


_: type[Checkup] = SettingsCheckup
