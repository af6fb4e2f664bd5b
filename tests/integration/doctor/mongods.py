"""MongoDB as nobody should run it: alone, never initiated, or for a user who may not do much."""

import secrets
from pathlib import Path
from typing import Any

from pymongo import MongoClient

from skalds.testing.services.local_process import LocalProcess
from skalds.testing.services.mongo_server import MongoMember, MongoServer, initiate
from skalds.testing.services.place import Place
from skalds.testing.services.ports import free_port
from skalds.testing.services.server import Endpoint
from skalds.testing.waiting import wait_for

PASSWORD = "geheim"


def start_mongod(program: Path, place: Place, *options: str) -> MongoServer:
    """A server with these options that answers; whether it is of any use is another matter."""
    data = place.folder / "data"
    data.mkdir(parents=True)
    port = free_port()
    command: list[str | Path] = [program, "--dbpath", data, "--port", str(port), "--bind_ip", "127.0.0.1"]
    carrier = LocalProcess.prepare(place, [*command, "--nounixsocket", "--wiredTigerCacheSizeGB", "0.25", *options])
    server = MongoServer(Endpoint("127.0.0.1", port, carrier))
    carrier.start()
    wait_for(server.hello, 60)
    return server


def start_guarded_mongod(program: Path, place: Place, database: str, *more: str) -> MongoServer:
    """A replica set of one that knows the users `root`, `reader` and `writer` (of `database`)."""
    place.folder.mkdir(parents=True)
    key = place.folder / "key"
    key.write_text(secrets.token_hex(32))
    key.chmod(0o400)
    options = ("--replSet", "skalds", "--auth", "--keyFile", str(key), *more)
    server = start_mongod(program, place, *options)
    initiate([server])
    server.wait_ready()
    # The first user may be made without one, from this machine.
    with _client(server) as client:
        client.admin.command("createUser", "root", pwd=PASSWORD, roles=["root"])
    with _client(server, username="root", password=PASSWORD) as client:
        for name, role in (("reader", "read"), ("writer", "readWrite")):
            client.admin.command("createUser", name, pwd=PASSWORD, roles=[{"role": role, "db": database}])
    return server


def _client(server: MongoMember, **login: Any) -> MongoClient[dict[str, Any]]:
    return MongoClient(server.host, server.port, directConnection=True, **login)
