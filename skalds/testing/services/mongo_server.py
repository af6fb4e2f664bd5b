"""MongoDB, always as a replica set: a standalone server has neither transactions nor change streams."""

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from pymongo import MongoClient
from pymongo.errors import AutoReconnect, PyMongoError

from skalds.testing.services.local_process import LocalProcess
from skalds.testing.services.place import Place
from skalds.testing.services.ports import free_port
from skalds.testing.services.server import Endpoint, Server
from skalds.testing.waiting import wait_for

REPLICA_SET = "skalds"

_PATIENCE: Mapping[str, Any] = {"serverSelectionTimeoutMS": 1_000, "connectTimeoutMS": 1_000, "socketTimeoutMS": 5_000}


class MongoMember(Server):
    """One member of a replica set; it is ready as soon as it is primary or secondary."""

    @property
    def uri(self) -> str:
        return self.endpoint.given_uri or f"mongodb://{self.bootstrap}/?replicaSet={REPLICA_SET}"

    def answers(self) -> bool:
        hello = self.hello()
        return bool(hello.get("isWritablePrimary") or hello.get("secondary"))

    def hello(self) -> Mapping[str, Any]:
        """What the member says of itself; empty if it does not answer."""
        try:
            return self.command("hello")
        except PyMongoError:
            return {}

    def command(self, name: str, value: Any = 1, **more: Any) -> Mapping[str, Any]:
        """Runs an administrative command on this very member."""
        with self._client() as client:
            answer: Mapping[str, Any] = client.admin.command(name, value, **more)
            return answer

    def step_down(self, seconds: int = 1) -> None:
        """Has the primary give up its role for some time; its clients lose their connections."""
        with suppress(AutoReconnect):
            self.command("replSetStepDown", seconds, secondaryCatchUpPeriodSecs=0, force=True)

    def _client(self) -> MongoClient[dict[str, Any]]:
        if self.endpoint.given_uri:
            return MongoClient(self.endpoint.given_uri, **_PATIENCE)
        return MongoClient(self.host, self.port, directConnection=True, **_PATIENCE)


class MongoServer(MongoMember):
    """A replica set of one; it is ready when it is primary."""

    def answers(self) -> bool:
        return bool(self.hello().get("isWritablePrimary"))


def start_mongo(program: Path, place: Place) -> MongoServer:
    """Starts a new replica set of one."""
    server = MongoServer(Endpoint("127.0.0.1", port := free_port(), _mongod(program, place, port)))
    server.endpoint.carrier.start()
    initiate([server])
    server.wait_ready()
    return server


def start_member(program: Path, place: Place) -> MongoMember:
    """Starts a server that waits to be made a member."""
    member = MongoMember(Endpoint("127.0.0.1", port := free_port(), _mongod(program, place, port)))
    member.endpoint.carrier.start()
    return member


def initiate(members: list[MongoMember], **settings: int) -> None:
    """Makes new servers one replica set."""
    for member in members:
        wait_for(member.hello, 60)
    config = {
        "_id": REPLICA_SET,
        "members": [{"_id": number, "host": member.bootstrap} for number, member in enumerate(members)],
        "settings": settings,
    }
    members[0].command("replSetInitiate", config)


def _mongod(program: Path, place: Place, port: int) -> LocalProcess:
    data = place.folder / "data"
    data.mkdir(parents=True, exist_ok=True)
    parameters = [
        "diagnosticDataCollectionEnabled=false",
        # On SIGTERM a member would wait 15 s for its clients to go.
        "shutdownTimeoutMillisForSignaledShutdown=0",
    ]
    command: list[str | Path] = [
        *(program, "--dbpath", data, "--port", str(port), "--bind_ip", "127.0.0.1", "--nounixsocket"),
        *("--replSet", REPLICA_SET, "--oplogSize", "256", "--wiredTigerCacheSizeGB", "0.25"),
        *(part for parameter in parameters for part in ("--setParameter", parameter)),
    ]
    return LocalProcess.prepare(place, command)
