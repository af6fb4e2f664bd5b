"""The settings of a Skald node."""

from skalds.config.declarations import (
    EngineSettings,
    KafkaSettings,
    LogSettings,
    MongoSettings,
    NodeSettings,
    RedisSettings,
)
from skalds.config.settings import Settings


class SkaldConfig(NodeSettings, EngineSettings, LogSettings, MongoSettings, RedisSettings, KafkaSettings, Settings):
    """Settings of a Skald node."""
