"""Whether anything listens where a setting says, and if not, which of the usual reasons it is."""

import asyncio
import socket
from collections.abc import Sequence
from typing import NamedTuple

from skalds.ports.checkup import Finding, Verdict, warning, well, wrong

_CHECK = "reachable"


class Address(NamedTuple):
    """A TCP port, or with port None the path of a Unix socket."""

    host: str
    port: int | None

    def __str__(self) -> str:
        if self.port is None:
            return self.host
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


async def find_reachable(addresses: Sequence[Address], setting: str, seconds: float) -> Finding:
    """What became of trying to connect to each of the addresses that `setting` names: one is enough to begin with."""
    unreached = [finding for address in addresses if (finding := await _try(address, setting, seconds)) is not None]
    if not unreached:
        return well(_CHECK, ", ".join(map(str, addresses)))
    details = "; ".join(finding.detail for finding in unreached)
    verdict = Verdict.WRONG if len(unreached) == len(addresses) else Verdict.WARNING
    return Finding(_CHECK, verdict, details, unreached[0].fix)


async def find_members_reachable(check: str, addresses: Sequence[Address], fix: str, seconds: float) -> Finding:
    """The same for addresses that a server gave: clients use those, whatever address they began with."""
    tried = [(address, await _try(address, "", seconds)) for address in addresses]
    bad = [finding.detail for _, finding in tried if finding is not None]
    if not bad:
        return well(check, ", ".join(str(address) for address, _ in tried))
    return (wrong if len(bad) == len(tried) else warning)(check, "; ".join(bad), fix)


async def _try(address: Address, setting: str, seconds: float) -> Finding | None:
    try:
        async with asyncio.timeout(seconds):
            await _connect(address)
    except TimeoutError:
        detail = f"{address} does not answer within {seconds:g} s"
        return wrong(_CHECK, detail, f"let this machine through the firewall, or correct {setting}")
    except socket.gaierror:
        return wrong(_CHECK, f"the name {address.host} cannot be resolved", f"correct {setting}, or the name service")
    except ConnectionRefusedError:
        return wrong(_CHECK, f"{address} refuses: nothing listens there", f"start the server, or correct {setting}")
    except OSError as error:
        return wrong(_CHECK, f"{address}: {error.strerror or error}", f"correct {setting}")
    return None


async def _connect(address: Address) -> None:
    """Connects to the first of the name's addresses that takes it, or raises the error of the last."""
    loop = asyncio.get_running_loop()
    if address.port is None:
        _, writer = await asyncio.open_unix_connection(address.host)
        writer.close()
        return
    found = await loop.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM)
    failure: OSError | None = None
    for family, kind, protocol, _, place in found:
        with socket.socket(family, kind, protocol) as attempt:
            attempt.setblocking(False)
            try:
                await loop.sock_connect(attempt, place)
                return
            except OSError as error:
                failure = error
    raise failure or OSError("no address")
