"""Looks whether MongoDB can carry the tasks: from the name of the host to a transaction that commits."""

import asyncio
import re
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from pymongo import AsyncMongoClient
from pymongo.errors import (
    ConfigurationError,
    OperationFailure,
    PyMongoError,
    ServerSelectionTimeoutError,
)
from pymongo.uri_parser import parse_uri

from skalds.adapters.mongo.checkup_rights import Client, find_rights
from skalds.adapters.reachability import Address, find_members_reachable, find_reachable
from skalds.ports.checkup import Checkup, Finding, warning, well, wrong

SETTING = "MONGO_HOST"
_OLDEST = (6, 0)
_AUTHENTICATION_FAILED = 18
_LARGEST_CLOCK_DIFFERENCE = timedelta(seconds=5)
_INITIATE = "once, in mongosh: rs.initiate()"

Answer = Mapping[str, Any]


class MongoCheckup:
    """Begins at one server by itself, because a set whose members cannot be reached would hide why."""

    def __init__(self, uri: str, database: str, *, seconds: float = 5.0) -> None:
        self._uri = uri
        self._database = database
        self._seconds = seconds

    async def findings(self) -> AsyncIterator[Finding]:
        try:
            # Looks a mongodb+srv:// address up, and that blocks.
            parsed = await asyncio.to_thread(parse_uri, self._uri, warn=False)
        except (PyMongoError, ValueError) as error:
            yield wrong("address", _one_line(error), f"correct {SETTING}")
            return
        addresses = [Address(host, port) for host, port in parsed["nodelist"]]
        reachable = await find_reachable(addresses, SETTING, self._seconds)
        yield reachable
        if reachable.is_wrong:
            return
        async for finding in self._look_at_servers(parsed, addresses):
            yield finding

    async def _look_at_servers(self, parsed: Answer, addresses: list[Address]) -> AsyncIterator[Finding]:
        hello: Answer | None = None
        for address in addresses:
            found, hello = await self._look_at_one(parsed, address)
            if hello is not None or address == addresses[-1]:
                for finding in found:
                    yield finding
            if hello is not None:
                break
        if hello is None:
            return
        unfit = _why_unfit(hello, parsed)
        if unfit is not None:
            yield unfit
            return
        yield _describe_set(hello)
        async with self._client() as client:
            async for finding in self._look_at_set(client, hello):
                yield finding

    async def _look_at_one(self, parsed: Answer, address: Address) -> tuple[list[Finding], Answer | None]:
        """What one server says of itself, spoken to alone."""
        try:
            async with self._client(_direct_uri(self._uri, address), **_direct_options(parsed)) as client:
                started = datetime.now(UTC)
                hello = await client.admin.command("hello")
                passed = datetime.now(UTC) - started
                found = [await _find_login(client), await _find_version(client)]
                return [*found, _compare_clocks(hello["localTime"], started + passed / 2)], hello
        except PyMongoError as error:
            return [_why_not_spoken_to(error, parsed)], None

    async def _look_at_set(self, client: Client, hello: Answer) -> AsyncIterator[Finding]:
        """Through the address as it is configured, the way a controller would."""
        try:
            await client.admin.command("ping")
        except ServerSelectionTimeoutError as error:
            members = [_address_of(name) for name in hello.get("hosts", ())]
            fix = "make the names of rs.conf() resolve and answer here too; directConnection=true if there is only one"
            yield await find_members_reachable("members", members, fix, self._seconds)
            yield wrong("primary", _one_line(error), "see above")
            return
        except PyMongoError as error:
            yield wrong("primary", _one_line(error), f"correct {SETTING}")
            return
        async for finding in find_rights(client, self._database, self._seconds):
            yield finding
        yield await self._find_tasks(client)

    async def _find_tasks(self, client: Client) -> Finding:
        tasks = client[self._database]["tasks"]
        try:
            count = await tasks.estimated_document_count()
            indexes = await tasks.index_information()
        except PyMongoError as error:
            return wrong("tasks", _one_line(error), f"grant readWrite on the database {self._database}")
        if not indexes:
            return well("tasks", f"none yet in {self._database}; a controller makes what it needs")
        return well("tasks", f"about {count:,} in {self._database}; indexes {', '.join(sorted(indexes))}")

    def _client(self, uri: str | None = None, **options: Any) -> Client:
        wait = round(self._seconds * 1000)
        return AsyncMongoClient(
            uri or self._uri,
            serverSelectionTimeoutMS=wait,
            connectTimeoutMS=wait,
            socketTimeoutMS=2 * wait,
            appname="skalds doctor",
            **options,
        )


def _direct_uri(uri: str, address: Address) -> str:
    """The same login and options for one server alone."""
    authority, _, options = uri.partition("://")[2].partition("/")
    login, at, _ = authority.rpartition("@")
    return f"mongodb://{login}{at}{address}/{options}"


def _direct_options(parsed: Answer) -> dict[str, Any]:
    # What the name service added to a mongodb+srv:// address has to be said by hand.
    added = {name: _option(parsed, name) for name in ("tls", "authSource") if _option(parsed, name) is not None}
    return {**added, "directConnection": True, "replicaSet": None}


def _option(parsed: Answer, name: str) -> Any:
    """An option of the address, however it is spelt there."""
    return next((value for key, value in parsed["options"].items() if key.lower() == name.lower()), None)


def _why_not_spoken_to(error: PyMongoError, parsed: Answer) -> Finding:
    text = _one_line(error)
    if isinstance(error, OperationFailure) and error.code == _AUTHENTICATION_FAILED:
        fix = f"correct user name, password or authSource in {SETTING}"
        return wrong("login", f"refused for the user {parsed.get('username')}", fix)
    if isinstance(error, ConfigurationError):
        return wrong("address", text, f"correct {SETTING}")
    if _option(parsed, "tls"):
        fix = f"compare tls, tlsCAFile and tlsCertificateKeyFile in {SETTING} with what the server has"
        return wrong("TLS", f"it listens, and no TLS connection comes about: {text}", fix)
    return wrong("speaks MongoDB", text, f"if the server expects TLS, add tls=true to {SETTING}; else correct the port")


async def _find_login(client: Client) -> Finding:
    status = await client.admin.command("connectionStatus")
    users = [f"{user['user']}@{user['db']}" for user in status["authInfo"]["authenticatedUsers"]]
    return well("login", f"as {', '.join(users)}" if users else "without a user name")


async def _find_version(client: Client) -> Finding:
    built = await client.admin.command("buildInfo")
    if tuple(built["versionArray"][:2]) >= _OLDEST:
        return well("version", str(built["version"]))
    oldest = ".".join(map(str, _OLDEST))
    return wrong("version", f"{built['version']} is older than {oldest}", f"upgrade MongoDB to {oldest} or later")


def _compare_clocks(theirs: datetime, ours: datetime) -> Finding:
    difference = theirs.replace(tzinfo=UTC) - ours
    if abs(difference) <= _LARGEST_CLOCK_DIFFERENCE:
        return well("clock", f"differs by {abs(difference).total_seconds() * 1000:.0f} ms from here")
    side = "ahead of" if difference > timedelta() else "behind"
    fix = "let both machines set their clocks by NTP; times that users give follow the controller's clock"
    return warning("clock", f"{abs(difference).total_seconds():.1f} s {side} this machine's", fix)


def _why_unfit(hello: Answer, parsed: Answer) -> Finding | None:
    """Why this is no replica set that works, as far as one member can tell."""
    if hello.get("msg") == "isdbgrid":
        return None
    check, wanted = "replica set", _option(parsed, "replicaSet")
    if "setName" not in hello and hello.get("isreplicaset"):
        return wrong(check, "started as a member of one that was never initiated", _INITIATE)
    if "setName" not in hello:
        detail = "a standalone server, which has no transactions and no change streams"
        return wrong(check, detail, f"start mongod with --replSet rs0 (one member is enough), then {_INITIATE}")
    if wanted not in (None, hello["setName"]):
        detail = f"the set is called {hello['setName']}, {SETTING} asks for {wanted}"
        return wrong(check, detail, f"replicaSet={hello['setName']} in {SETTING}")
    if "primary" not in hello:
        fix = "bring a majority of the members back, or see rs.status()"
        return wrong(check, f"{hello['setName']} has no primary at the moment", fix)
    return None


def _describe_set(hello: Answer) -> Finding:
    if "setName" not in hello:
        return well("replica set", "a sharded cluster, through mongos")
    count = len(hello.get("hosts", ()))
    text = f"{hello['setName']}, {count} {'member' if count == 1 else 'members'}, primary {hello['primary']}"
    return well("replica set", text)


def _address_of(name: str) -> Address:
    host, _, port = name.rpartition(":")
    return Address(host.strip("[]"), int(port))


def _one_line(error: Exception) -> str:
    """The driver's words without what is for its makers."""
    return " ".join(re.split(r", Timeout:|, full error:| ?\(configured timeouts", str(error))[0].split())


_: type[Checkup] = MongoCheckup
