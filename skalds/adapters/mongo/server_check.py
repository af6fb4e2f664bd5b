"""Whether a server can keep our promises, and what to do if it cannot."""

from typing import Any

from pymongo import AsyncMongoClient
from pymongo.errors import OperationFailure, ServerSelectionTimeoutError

from skalds.errors import ConfigurationError

# Partial indexes over lists of values.
_WIRE_VERSION_6_0 = 17

_START = "a replica set, for only that has transactions and change streams; a single server is one too: start mongod"
_STANDALONE = f"{_START} with --replSet rs0 and run rs.initiate() once in mongosh"
_NOT_INITIATED = f"{_START} as you did and run rs.initiate() once in mongosh"
_TOO_OLD = "MongoDB 6.0 or later"
_AUTHENTICATION_FAILED = 18
_UNKNOWN_USER = "a user name and password that the server knows, and authSource=, the database it knows them in"
_NOT_VOUCHED_FOR = "a server whose certificate tlsCAFile= vouches for"


async def refuse_unfit(client: AsyncMongoClient[dict[str, Any]], setting: str) -> None:
    """Raises `ConfigurationError` naming the fix.

    For a standalone server, an empty replica set, an old version, an unknown user and an untrusted certificate.
    """
    try:
        hello = await client.admin.command("hello")
    except OperationFailure as error:
        if error.code == _AUTHENTICATION_FAILED:
            raise ConfigurationError(setting, _addresses(client), _UNKNOWN_USER) from None
        raise
    except ServerSelectionTimeoutError as error:
        servers = client.topology_description.server_descriptions().values()
        if any(server.server_type_name == "RSGhost" for server in servers):
            raise ConfigurationError(setting, _addresses(client), _NOT_INITIATED) from None
        if "certificate verify failed" in str(error):
            raise ConfigurationError(setting, _addresses(client), _NOT_VOUCHED_FOR) from None
        raise
    if "setName" not in hello and hello.get("msg") != "isdbgrid":
        expected = _NOT_INITIATED if hello.get("isreplicaset") else _STANDALONE
        raise ConfigurationError(setting, _addresses(client), expected)
    if hello["maxWireVersion"] < _WIRE_VERSION_6_0:
        raise ConfigurationError(setting, _addresses(client), _TOO_OLD)


def _addresses(client: AsyncMongoClient[dict[str, Any]]) -> str:
    servers = client.topology_description.server_descriptions()
    return ", ".join(f"{host}:{port}" for host, port in sorted(servers, key=str))
