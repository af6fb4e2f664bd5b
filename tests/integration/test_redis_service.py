"""The Redis servers of the test kit."""

import pytest
from redis import Redis
from redis.cluster import RedisCluster as ClusterClient
from redis.exceptions import ConnectionError as RedisConnectionError

from skalds.testing.local_processes import is_alive
from skalds.testing.services.redis_cluster import RedisCluster
from skalds.testing.services.redis_server import RedisServer
from skalds.testing.waiting import wait_for

pytestmark = pytest.mark.integration


def test_server_of_the_run_answers(redis_server: RedisServer) -> None:
    assert redis_server.answers()


def test_killed_server_comes_back_empty_at_the_same_port(own_redis: RedisServer) -> None:
    address, (pid,) = own_redis.uri, own_redis.pids
    with own_redis.client() as client:
        client.set("kit", "1")
        own_redis.kill()
        assert not is_alive(pid)
        with pytest.raises(RedisConnectionError):
            client.get("kit")

        own_redis.start()

        assert own_redis.uri == address
        assert client.get("kit") is None


def test_server_restarted_empty_has_nothing(own_redis: RedisServer) -> None:
    with own_redis.client() as client:
        client.set("kit", "1")
        own_redis.restart_empty()

        assert client.dbsize() == 0


def test_flushed_server_has_nothing(own_redis: RedisServer) -> None:
    with own_redis.client() as client:
        client.set("kit", "1")
        own_redis.flush()

        assert client.dbsize() == 0


def test_paused_server_answers_after_it_is_resumed(own_redis: RedisServer) -> None:
    own_redis.pause()
    assert not own_redis.answers()

    own_redis.resume()

    assert own_redis.answers()


def test_stopped_server_is_gone(own_redis: RedisServer) -> None:
    (pid,) = own_redis.pids
    own_redis.stop()

    assert not is_alive(pid)
    assert not own_redis.is_running


def test_cluster_spreads_keys_over_its_members(redis_cluster: RedisCluster) -> None:
    with ClusterClient(host=redis_cluster.host, port=redis_cluster.port) as client:
        for number in range(50):
            client.set(f"kit:{number}", number, ex=60)

        assert all(client.get(f"kit:{number}") == str(number).encode() for number in range(50))
    assert all(_keys_of(member) for member in redis_cluster.members)


def _slots_known_to(member: RedisServer) -> int:
    with member.client() as client:
        return int(client.cluster("INFO")["cluster_slots_ok"])


def _keys_of(member: RedisServer) -> list[bytes]:
    with Redis(host=member.host, port=member.port) as client:
        return list(client.scan_iter("kit:*"))


def test_cluster_is_whole_for_every_member(redis_cluster: RedisCluster) -> None:
    assert wait_for(lambda: {_slots_known_to(member) for member in redis_cluster.members} == {16_384})
