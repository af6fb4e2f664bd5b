"""The settings of a System Controller."""

from skalds.config.declarations import (
    ControllerSettings,
    DispatcherSettings,
    EngineSettings,
    KafkaSettings,
    LogSettings,
    MongoSettings,
    RedisSettings,
)
from skalds.config.settings import Settings


class SystemControllerConfig(
    ControllerSettings,
    DispatcherSettings,
    EngineSettings,
    LogSettings,
    MongoSettings,
    RedisSettings,
    KafkaSettings,
    Settings,
):
    """Settings of a System Controller."""
