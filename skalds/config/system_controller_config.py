"""The settings of a System Controller."""

from skalds.config.declarations import (
    AccessSettings,
    ControllerSettings,
    DispatcherSettings,
    EngineSettings,
    FaultSettings,
    LogSettings,
)
from skalds.config.server_declarations import KafkaSettings, MongoSettings, RedisSettings
from skalds.config.settings import Settings


class SystemControllerConfig(
    ControllerSettings,
    DispatcherSettings,
    EngineSettings,
    AccessSettings,
    LogSettings,
    MongoSettings,
    RedisSettings,
    KafkaSettings,
    FaultSettings,
    Settings,
):
    """Settings of a System Controller."""
