"""What the settings say of the log of a process."""

from datetime import timedelta
from pathlib import Path
from typing import TypedDict

from skalds.config._enum import LogFormatEnum
from skalds.config.age import parse_age
from skalds.config.setting import Source
from skalds.config.skald_config import SkaldConfig
from skalds.config.system_controller_config import SystemControllerConfig


class LogArguments(TypedDict):
    """Arguments of `configure_logging`."""

    level: str
    json: bool
    file: Path | None
    rotation_mb: int
    kept: timedelta


def log_arguments(config: SkaldConfig | SystemControllerConfig, name: str) -> LogArguments:
    """The log of the process `name`; it has a file only if somebody chose a directory."""
    chosen = config.source("log_path") is not Source.DEFAULT and config.log_path
    return LogArguments(
        level=config.log_level.value,
        json=config.log_format is LogFormatEnum.JSON,
        file=Path(config.log_path) / f"{name}.log" if chosen else None,
        rotation_mb=int(config.log_rotation_mb),
        kept=parse_age(config.log_retention),
    )
