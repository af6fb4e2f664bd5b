"""What the checkup of Redis says of servers in different states."""

from pathlib import Path

import pytest

from skalds.adapters.redis.checkup import RedisCheckup
from skalds.ports.checkup import Verdict
from skalds.testing.services.ports import free_port
from skalds.testing.services.redis_cluster import RedisCluster
from skalds.testing.services.redis_server import RedisServer
from tests.integration.doctor.examining import Found, examine

pytestmark = pytest.mark.integration

ALL = [
    *("reachable", "ping", "version", "role", "mode", "memory", "persistence"),
    *("presence", "0.3.8 keys", "messages"),
]


async def look(url: str, *, seconds: float = 5.0) -> Found:
    return await examine(RedisCheckup(url, seconds=seconds))


async def test_a_server_is_well_and_left_as_it_was(own_redis: RedisServer) -> None:
    found = await look(own_redis.uri)

    assert list(found.by_check) == ALL
    assert found.unwell == {}
    with own_redis.client() as client:
        assert client.dbsize() == 0


async def test_a_closed_port_is_refused() -> None:
    found = (await look(f"redis://127.0.0.1:{free_port()}")).the_only_one(Verdict.WRONG)

    assert (found.check, "nothing listens there" in found.detail) == ("reachable", True)


async def test_a_socket_that_is_not_there_is_named(tmp_path: Path) -> None:
    found = (await look(f"unix://{tmp_path}/redis.sock")).the_only_one(Verdict.WRONG)

    assert found.check == "reachable"
    assert "redis.sock" in found.detail


async def test_a_paused_server_does_not_answer(own_redis: RedisServer) -> None:
    own_redis.pause()
    found = await look(own_redis.uri, seconds=0.3)
    own_redis.resume()

    assert found.verdicts == {"reachable": "ok", "speaks Redis": "wrong"}


@pytest.mark.parametrize(
    ("login", "told"), [("", "is given none"), (":falsch@", "refused for the user default"), ("x:y@", "the user x")]
)
async def test_a_password_that_is_missing_or_wrong_is_a_login(own_redis: RedisServer, login: str, told: str) -> None:
    with own_redis.client() as client:
        client.config_set("requirepass", "geheim")
    found = (await look(f"redis://{login}{own_redis.bootstrap}")).the_only_one(Verdict.WRONG)

    assert found.check == "login"
    assert told in found.detail
    assert "falsch" not in found.detail
    assert (await look(f"redis://:geheim@{own_redis.bootstrap}")).unwell == {}


async def test_a_replica_is_refused_and_its_master_named(own_redis: RedisServer, redis_server: RedisServer) -> None:
    with own_redis.client() as client:
        client.replicaof(redis_server.host, redis_server.port)
    found = (await look(own_redis.uri)).the_only_one(Verdict.WRONG)

    assert found.check == "role"
    assert found.fix.endswith(redis_server.bootstrap)


@pytest.mark.parametrize(
    ("policy", "limit", "verdict"),
    [
        ("allkeys-lru", "50mb", Verdict.WARNING),
        ("volatile-ttl", "50mb", Verdict.WARNING),
        ("noeviction", "50mb", Verdict.OK),
        ("allkeys-lru", "0", Verdict.OK),
    ],
)
async def test_keys_that_may_be_evicted_are_a_warning(
    own_redis: RedisServer, policy: str, limit: str, verdict: Verdict
) -> None:
    with own_redis.client() as client:
        client.config_set("maxmemory", limit)
        client.config_set("maxmemory-policy", policy)

    assert (await look(own_redis.uri)).by_check["memory"].verdict is verdict


async def test_memory_that_is_full_is_refused(own_redis: RedisServer) -> None:
    with own_redis.client() as client:
        client.config_set("maxmemory", "1")

    assert (await look(own_redis.uri)).by_check["presence"].verdict is Verdict.WRONG


async def test_a_user_is_told_which_command_is_missing(own_redis: RedisServer) -> None:
    with own_redis.client() as client:
        client.execute_command(
            *("ACL", "SETUSER", "weak", "on", ">pw", "~skalds:*", "&*", "+@connection", "+info", "+@read", "+@pubsub")
        )
    found = await look(f"redis://weak:pw@{own_redis.bootstrap}")

    assert set(found.unwell) == {"presence", "0.3.8 keys"}
    assert "'hset'" in found.by_check["presence"].detail
    assert "+@write" in found.by_check["presence"].fix


async def test_rights_that_the_fix_names_are_enough(own_redis: RedisServer) -> None:
    rights = ("~skalds:*", "~task:*", "&skalds:*", "+@read", "+@write", "+@pubsub", "+@connection", "+info")
    with own_redis.client() as client:
        client.execute_command("ACL", "SETUSER", "strong", "on", ">pw", *rights)

    assert (await look(f"redis://strong:pw@{own_redis.bootstrap}")).unwell == {}


async def test_tls_that_the_server_does_not_speak_is_told(redis_server: RedisServer) -> None:
    found = (await look(f"rediss://{redis_server.bootstrap}", seconds=1)).the_only_one(Verdict.WRONG)

    assert (found.check, "REDIS_TLS" in found.fix) == ("TLS", True)


async def test_a_cluster_is_well_without_being_called_one(redis_cluster: RedisCluster) -> None:
    found = await look(f"redis://{redis_cluster.host}:{redis_cluster.port}")

    assert found.unwell == {}
    assert found.by_check["mode"].detail == "cluster"


async def test_a_cluster_has_no_other_database(redis_cluster: RedisCluster) -> None:
    found = (await look(f"redis://{redis_cluster.host}:{redis_cluster.port}/3")).the_only_one(Verdict.WRONG)

    assert (found.check, "REDIS_DB=0" in found.fix) == ("database", True)
