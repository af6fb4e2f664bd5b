"""Three Redis servers in cluster mode."""

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from redis.exceptions import RedisError

from skalds.testing.services.group import Group
from skalds.testing.services.place import Place
from skalds.testing.services.ports import free_port
from skalds.testing.services.redis_server import RedisServer, start_redis
from skalds.testing.waiting import wait_for

_SLOTS = 16_384
_READY_SECONDS = 30.0


class RedisCluster(Group[RedisServer]):
    """A Redis Cluster without replicas; a member that is killed forgets that it belongs to it."""

    @property
    def uri(self) -> str:
        return self.members[0].uri

    def flush(self) -> None:
        """Empties every member."""
        for member in self.members:
            member.flush()

    def wait_ready(self, seconds: float = _READY_SECONDS) -> None:
        """Returns once every member knows all of them and serves."""
        wait_for(lambda: all(_is_part_of(member, len(self.members)) for member in self.members), seconds)


def start_redis_cluster(program: Path, place: Place, count: int = 3) -> RedisCluster:
    """Starts new servers and makes them one cluster."""
    with ExitStack() as undo:
        members = []
        for number in range(count):
            members.append(member := _start_member(program, place.below(f"member-{number}")))
            undo.callback(member.discard)
        _join(members)
        cluster = RedisCluster(members)
        cluster.wait_ready()
        undo.pop_all()
    return cluster


def _start_member(program: Path, place: Place) -> RedisServer:
    options = ["--cluster-enabled", "yes", "--cluster-node-timeout", "2000", "--cluster-require-full-coverage", "no"]
    # The bus of the cluster would be at the port + 10000, where somebody else may be.
    return start_redis(program, place, *options, "--cluster-port", str(free_port()))


def _join(members: Sequence[RedisServer]) -> None:
    first = members[0]
    for number, member in enumerate(members):
        lowest, highest = (_SLOTS * share // len(members) for share in (number, number + 1))
        with member.client() as client:
            client.execute_command("CLUSTER", "ADDSLOTSRANGE", lowest, highest - 1)
            client.execute_command("CLUSTER", "SET-CONFIG-EPOCH", number + 1)
            client.execute_command("CLUSTER", "MEET", first.host, first.port, _bus_port(first))


def _bus_port(member: RedisServer) -> int:
    with member.client() as client:
        return int(client.config_get("cluster-port")["cluster-port"])


def _is_part_of(member: RedisServer, count: int) -> bool:
    try:
        with member.client() as client:
            info = client.cluster("INFO")
    except RedisError:
        return False
    return info["cluster_state"] == "ok" and int(info["cluster_known_nodes"]) == count
