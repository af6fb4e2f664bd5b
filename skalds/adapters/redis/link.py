"""The connections of one process to Redis."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, Self

from loguru import logger
from redis.asyncio import ConnectionPool, Redis
from redis.asyncio.client import PubSub
from redis.asyncio.cluster import RedisCluster
from redis.asyncio.connection import SSLConnection
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import MovedError, NoPermissionError

from skalds.adapters.log_sampling import is_told
from skalds.adapters.redis.error_mapping import DRIVER_ERRORS, mapped
from skalds.adapters.redis.options import RedisOptions
from skalds.errors import ConfigurationError, SkaldsError, StoreUnavailable

_RETRIES = 1
"""A connection that broke while it was idle fails once, and only then is it made anew."""


class RedisLink:
    """Runs commands in bounded time; finds out by itself whether a Cluster answers.

    Nothing waits for Redis: a command fails when there is none, and the first one after its return goes through.
    """

    def __init__(self, options: RedisOptions) -> None:
        self.options = options
        self._client: Redis | RedisCluster | None = None
        self._finding = asyncio.Lock()
        self._lost_at: float | None = None
        self._refusals = 0
        self._is_cluster = False

    @classmethod
    async def open(cls, options: RedisOptions) -> Self:
        """Tries once; raises `ConfigurationError` if Redis refuses us, and goes on if there is none yet."""
        _check_files(options)
        link = cls(options)
        try:
            await link.execute("PING")
        except StoreUnavailable:
            return link
        except SkaldsError:
            await link.close()
            raise
        return link

    async def execute(self, *command: str | bytes | int) -> Any:
        """The answer to a command, or one of our errors."""
        async with self._answering():
            client = await self._connected()
            return await client.execute_command(*command)

    async def subscribe(self, channel: str) -> PubSub:
        """A connection on which the channel's messages arrive; the caller closes it."""
        async with self._answering(), AsyncExitStack() as undo:
            client = await self._connected()
            pubsub: PubSub = await undo.enter_async_context(client.pubsub())
            await pubsub.subscribe(channel)
            undo.pop_all()
            return pubsub

    async def close(self) -> None:
        """Disconnects; idempotent."""
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()

    @asynccontextmanager
    async def _answering(self) -> AsyncIterator[None]:
        """What happens inside takes bounded time and fails with our errors only."""
        try:
            async with asyncio.timeout(self.options.command_seconds):
                yield
        except DRIVER_ERRORS as error:
            if isinstance(error, MovedError) and isinstance(self._client, Redis):
                # Who may not ask whether it is a Cluster learns it like this.
                await self.close()
                self._is_cluster = True
            ours = mapped(error, self.options.address)
            self._note_failure(ours)
            raise ours from error
        self._note_success()

    async def _connected(self) -> Redis | RedisCluster:
        async with self._finding:
            if self._client is None:
                self._client = await self._find()
            return self._client

    async def _find(self) -> Redis | RedisCluster:
        """Asks the server what it is; nothing else tells a Cluster from a single one."""
        arguments = self.options.connection() | {
            "retry": Retry(NoBackoff(), _RETRIES),
            "socket_timeout": self.options.command_seconds,
            "socket_connect_timeout": self.options.command_seconds,
            "client_name": "skalds",
            "protocol": 2,
        }
        self._is_cluster = self._is_cluster or await _is_cluster(arguments)
        if not self._is_cluster:
            return Redis.from_pool(ConnectionPool(**arguments))
        return RedisCluster(require_full_coverage=False, **_for_cluster(arguments, self.options))

    def _note_failure(self, error: SkaldsError) -> None:
        """Logs that Redis is lost, once; of what it refuses, the 1st, 2nd, 4th, 8th … time."""
        about = {"address": self.options.address, "reason": str(error)}
        if not isinstance(error, StoreUnavailable):
            self._refusals += 1
            if is_told(self._refusals):
                logger.bind(count=self._refusals, **about).warning("redis.refused")
        elif self._lost_at is None:
            self._lost_at = time.monotonic()
            logger.bind(**about).warning("redis.lost")

    def _note_success(self) -> None:
        if self._lost_at is not None:
            seconds = round(time.monotonic() - self._lost_at, 1)
            self._lost_at = None
            logger.bind(address=self.options.address, seconds=seconds).info("redis.back")


async def _is_cluster(arguments: dict[str, Any]) -> bool:
    """Asks on a connection to database 0, the only one that a Cluster lets us choose."""
    asking = Redis.from_pool(ConnectionPool(**(arguments | {"db": 0})))
    try:
        info = await asking.info("cluster")
    except NoPermissionError:
        return False
    finally:
        await asking.aclose()
    return bool(info.get("cluster_enabled"))


def _for_cluster(arguments: dict[str, Any], options: RedisOptions) -> dict[str, Any]:
    """The arguments as the driver's Cluster wants them."""
    if arguments.get("db"):
        raise ConfigurationError("REDIS_DB", arguments["db"], "0, a Redis Cluster has no other database")
    if "path" in arguments:
        raise ConfigurationError("REDIS_HOST", options.address, "host and port, since this is a server of a Cluster")
    unknown = {"connection_class", "db"}
    has_tls = arguments.get("connection_class") is SSLConnection
    return {name: value for name, value in arguments.items() if name not in unknown} | {"ssl": has_tls}


def _check_files(options: RedisOptions) -> None:
    named = {
        "REDIS_TLS_CA_FILE": options.ca_file,
        "REDIS_TLS_CERTIFICATE_FILE": options.certificate_file,
        "REDIS_TLS_KEY_FILE": options.key_file,
    }
    for setting, file in named.items():
        if file is not None and not Path(file).is_file():
            raise ConfigurationError(setting, file, "a file that can be read")
