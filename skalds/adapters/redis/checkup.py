"""Looks whether Redis can carry presence and wake-ups: who it is, what it does when memory runs out, what we may do."""

import statistics
from collections.abc import AsyncIterator, Mapping
from time import perf_counter
from typing import Any

from redis.asyncio import Redis, RedisCluster
from redis.asyncio.connection import parse_url
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import AuthenticationError, NoPermissionError, RedisClusterException, RedisError

from skalds.adapters.reachability import Address, find_reachable
from skalds.adapters.redis.checkup_rights import find_rights
from skalds.ports.checkup import Checkup, Finding, warning, well, wrong

SETTING = "REDIS_HOST, REDIS_PORT or REDIS_URL"
_OLDEST = (7, 0)
_DEFAULT_PORT = 6379
_NO_DATABASES = "SELECT is not allowed in cluster mode"
_PINGS = 9
_SLOW_SECONDS = 0.05

Info = Mapping[str, Any]


class RedisCheckup:
    """Speaks to the one server that the address names first; if that is part of a Cluster, then to all of it."""

    def __init__(self, url: str, *, seconds: float = 5.0) -> None:
        self._url = url
        self._seconds = seconds

    async def findings(self) -> AsyncIterator[Finding]:
        try:
            place: Mapping[str, Any] = parse_url(self._url)
        except ValueError as error:
            yield wrong("address", str(error), f"correct {SETTING}")
            return
        reachable = await find_reachable([_address_of(place)], SETTING, self._seconds)
        yield reachable
        if reachable.is_wrong:
            return
        try:
            async with Redis.from_url(self._url, **self._options()) as server:
                yield await _find_ping(server)
                async for finding in self._look_at_server(server):
                    yield finding
        except (RedisError, OSError) as error:
            yield _why_not_spoken_to(error, self._url, place)

    async def _look_at_server(self, server: Redis) -> AsyncIterator[Finding]:
        info: Info = {}
        try:
            info = await server.info()
        except NoPermissionError:
            yield warning("server", "INFO is not allowed: version, role and memory stay unknown", "ACL SETUSER … +info")
        judged = _judge(info) if info else []
        for finding in judged:
            yield finding
        # With a replica the rest would only repeat that.
        if any(finding.is_wrong for finding in judged):
            return
        async for finding in self._look_at_rights(server, info):
            yield finding

    async def _look_at_rights(self, server: Redis, info: Info) -> AsyncIterator[Finding]:
        if info.get("redis_mode") != "cluster":
            async for finding in find_rights(server, self._seconds):
                yield finding
            return
        try:
            async with RedisCluster.from_url(self._url, **self._options()) as cluster:
                async for finding in find_rights(cluster, self._seconds):
                    yield finding
        except (RedisError, RedisClusterException, OSError) as error:
            fix = "see CLUSTER INFO; every node must be reachable from here by the address it announces"
            yield wrong("cluster", str(error), fix)

    def _options(self) -> dict[str, Any]:
        return {
            "decode_responses": True,
            "socket_connect_timeout": self._seconds,
            "socket_timeout": self._seconds,
            # What fails once is what is looked for.
            "retry": Retry(NoBackoff(), 0),
        }


def _address_of(place: Mapping[str, Any]) -> Address:
    if "path" in place:
        return Address(place["path"], None)
    return Address(place.get("host", "localhost"), place.get("port", _DEFAULT_PORT))


def _why_not_spoken_to(error: Exception, url: str, place: Mapping[str, Any]) -> Finding:
    if isinstance(error, AuthenticationError):
        fix = "set REDIS_PASSWORD, and REDIS_USERNAME for a user other than default"
        if "password" not in place:
            return wrong("login", "it wants a password and is given none", fix)
        return wrong("login", f"refused for the user {place.get('username', 'default')}: {error}", fix)
    if isinstance(error, NoPermissionError):
        return wrong("login", str(error), "ACL SETUSER … +ping +info")
    if _NO_DATABASES in str(error):
        return wrong("database", "a Redis Cluster has only database 0", "set REDIS_DB=0, or end REDIS_URL at the port")
    if url.startswith("rediss:"):
        fix = "compare REDIS_TLS and REDIS_TLS_CA_FILE with the server's tls-port and certificate"
        return wrong("TLS", f"it listens, and no TLS connection comes about: {error}", fix)
    fix = "if the server expects TLS, set REDIS_TLS=true; else correct the port"
    return wrong("speaks Redis", str(error) or type(error).__name__, fix)


async def _find_ping(server: Redis) -> Finding:
    taken = []
    for _ in range(_PINGS):
        started = perf_counter()
        await server.ping()
        taken.append(perf_counter() - started)
    median = statistics.median(taken)
    if median > _SLOW_SECONDS:
        fix = "move it nearer: every node writes here each second"
        return warning("ping", f"takes {median * 1000:.0f} ms", fix)
    return well("ping", f"answers in {median * 1000:.2f} ms")


def _judge(info: Info) -> list[Finding]:
    return [
        _judge_version(info),
        _judge_role(info),
        well("mode", str(info.get("redis_mode", "standalone"))),
        _judge_memory(info),
        _judge_persistence(info),
    ]


def _judge_version(info: Info) -> Finding:
    version, oldest = str(info["redis_version"]), ".".join(map(str, _OLDEST))
    if tuple(int(part) for part in version.split(".")[:2]) >= _OLDEST:
        return well("version", version)
    return wrong("version", f"{version} is older than {oldest}", f"upgrade Redis to {oldest} or later")


def _judge_role(info: Info) -> Finding:
    if info["role"] != "slave":
        count = int(info["connected_slaves"])
        return well("role", f"master with {count} {'replica' if count == 1 else 'replicas'}")
    master = f"{info['master_host']}:{info['master_port']}"
    return wrong("role", f"a replica of {master}, which takes no writes", f"let {SETTING} name {master}")


def _judge_memory(info: Info) -> Finding:
    limit, policy = int(info["maxmemory"]), str(info["maxmemory_policy"])
    if not limit:
        return well("memory", f"no limit; {info['used_memory_human']} in use")
    if policy == "noeviction":
        return well("memory", f"{info['used_memory_human']} of {info['maxmemory_human']} in use, nothing is evicted")
    fix = "CONFIG SET maxmemory-policy noeviction; Skalds needs little memory and gives old keys an end itself"
    return warning("memory", f"{policy} at {info['maxmemory_human']}: a node's presence may be evicted", fix)


def _judge_persistence(info: Info) -> Finding:
    kept = "on" if int(info["aof_enabled"]) else "off"
    return well("persistence", f"not needed (append-only file {kept}): all that counts is in MongoDB")


_: type[Checkup] = RedisCheckup
