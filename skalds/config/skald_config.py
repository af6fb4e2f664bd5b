"""The settings of a Skald node."""

from skalds.config.declarations import (
    AccessSettings,
    EngineSettings,
    FaultSettings,
    LogSettings,
    NodeSettings,
)
from skalds.config.server_declarations import KafkaSettings, MongoSettings, RedisSettings
from skalds.config.settings import Settings


class SkaldConfig(
    NodeSettings,
    EngineSettings,
    AccessSettings,
    LogSettings,
    MongoSettings,
    RedisSettings,
    KafkaSettings,
    FaultSettings,
    Settings,
):
    """Settings of a Skald node."""
