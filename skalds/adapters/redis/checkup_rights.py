"""Does for real what Skalds does to Redis, with keys of its own that are gone afterwards."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from typing import Any

from redis.exceptions import NoPermissionError, OutOfMemoryError, ReadOnlyError, RedisError

from skalds.ports.checkup import Finding, well, wrong

# The methods are those of Redis and of RedisCluster, which have no common type.
Client = Any

_ACL = "ACL SETUSER … ~skalds:* ~task:* &skalds:* +@read +@write +@pubsub +@connection +info"


async def find_rights(client: Client, seconds: float) -> AsyncIterator[Finding]:
    """A finding for each kind of thing that is done."""
    key = f"skalds:doctor:{secrets.token_hex(4)}"
    try:
        for name, step in _STEPS.items():
            yield await _try(name, step(client, key), seconds)
    finally:
        # Should this be refused as well, the key has an end of its own.
        with suppress(RedisError):
            await client.delete(key)


async def _try(name: str, work: Awaitable[str], seconds: float) -> Finding:
    try:
        async with asyncio.timeout(2 * seconds):
            return well(name, await work)
    except TimeoutError:
        return wrong(name, f"nothing came back within {2 * seconds:g} s", "see the log of Redis")
    except NoPermissionError as error:
        return wrong(name, str(error), _ACL)
    except ReadOnlyError as error:
        return wrong(name, str(error), "let the address name the master")
    except OutOfMemoryError as error:
        return wrong(name, str(error), "raise maxmemory, or give Skalds a Redis of its own")
    except RedisError as error:
        return wrong(name, str(error), "see the log of Redis")


async def _beat(client: Client, key: str) -> str:
    await client.hset(key, "1", "beat")
    await client.expire(key, 60)
    found = await client.hgetall(key)
    await client.hdel(key, "1")
    await client.delete(key)
    return f"{len(found)} of 1 beat written, read and removed"


async def _keep_keys(client: Client, key: str) -> str:
    await client.set(key, "1", ex=60)
    await client.get(key)
    await client.delete(key)
    await client.rpush(key, "a")
    await client.expire(key, 60)
    await client.lrange(key, 0, -1)
    await client.delete(key)
    return "text and lists written, read and removed"


async def _talk(client: Client, key: str) -> str:
    async with client.pubsub() as listener:
        await listener.subscribe(key)
        await client.publish(key, "tap")
        while (await listener.get_message(ignore_subscribe_messages=True, timeout=None)) is None:
            pass
        await listener.unsubscribe(key)
    return "published and heard"


_STEPS: dict[str, Callable[[Client, str], Awaitable[str]]] = {
    "presence": _beat,
    "0.3.8 keys": _keep_keys,
    "messages": _talk,
}
