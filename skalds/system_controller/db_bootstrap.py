"""Reaches the database of the configured engine for `skalds db`, without all that a controller needs to load."""

import asyncio
from pathlib import Path

from skalds.adapters.sqlite import upkeep
from skalds.adapters.sqlite.upkeep import DatabaseFacts as DatabaseFacts
from skalds.config._enum import EngineEnum
from skalds.config.system_controller_config import SystemControllerConfig
from skalds.errors import ConfigurationError


class Database:
    """The database of a data directory, in the hands of its owner."""

    def __init__(self, config: SystemControllerConfig) -> None:
        if config.skalds_engine is EngineEnum.DISTRIBUTED:
            raise ConfigurationError("SKALDS_ENGINE", "distributed", "embedded: its database is a file")
        self.data_dir = config.skalds_data_dir

    def back_up(self, target: Path, *, force: bool) -> DatabaseFacts:
        """Copies it while it is in use."""
        return upkeep.back_up(self.data_dir, target, force=force)

    def check(self) -> DatabaseFacts:
        """Looks for damage; raises `StoreCorrupt`."""
        return upkeep.check(self.data_dir)

    def restore(self, source: Path) -> tuple[DatabaseFacts, Path | None]:
        """Replaces it by a copy; returns what is there now and where the one before was kept."""
        return upkeep.restore(self.data_dir, source)


def drop_database(name: str) -> None:
    """Deletes a database of the distributed engine, with all that is in it."""
    from skalds.adapters.distributed.engine import drop_database as drop
    from skalds.adapters.distributed.options import distributed_options

    config = SystemControllerConfig(skalds_engine=EngineEnum.DISTRIBUTED, db_name=name)
    asyncio.run(drop(distributed_options(config)))
