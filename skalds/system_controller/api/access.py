"""Who may come in: the bearer of the token; without a token whoever is at this machine, and no page of strangers."""

import hmac
import ipaddress
from hashlib import sha256

from starlette.datastructures import Headers

from skalds.system_controller.api.error_mapping import HttpRefusal

_NO_TOKEN = HttpRefusal(401, "unauthorized", "This needs a valid token", {"www-authenticate": "Bearer"})
_FOREIGN_HOST = HttpRefusal(
    403, "foreign_host", "Without SKALDS_TOKEN only requests to localhost or 127.0.0.1 are answered"
)
_FOREIGN_ORIGIN = HttpRefusal(403, "foreign_origin", "Requests made by pages of other origins are not answered")


class AccessRule:
    """The bearer of `token`; if that is empty, anyone, or only this machine with `loopback_only`.

    Of the token only its digest is kept: it is in no dump, and digests are compared in the same time however much of
    a guess is right and however long it is. A page of another origin cannot send the token, so that `Host` and
    `Origin` need no look where it was presented.
    """

    def __init__(self, token: str = "", loopback_only: bool = True) -> None:
        self._digest = _digest(token) if token else None
        self._loopback_only = loopback_only

    def refuse(self, headers: Headers) -> HttpRefusal | None:
        """Why a request with these headers is sent away; None if it may come in."""
        if self._digest is not None:
            return None if hmac.compare_digest(_digest(_bearer(headers)), self._digest) else _NO_TOKEN
        host = ",".join(headers.getlist("host"))
        if self._loopback_only and not is_loopback(host):
            return _FOREIGN_HOST
        origin = headers.get("origin")
        if origin is not None and origin.partition("://")[2].lower() != host.lower():
            return _FOREIGN_ORIGIN
        return None


def is_loopback(host: str) -> bool:
    """Whether a `Host` header (name or address, perhaps with a port) names this machine."""
    name, port = _split_host(host)
    if port and not port.isdigit():
        return False
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def _bearer(headers: Headers) -> str:
    # All headers of the name: of two neither is meant.
    scheme, _, given = ",".join(headers.getlist("authorization")).partition(" ")
    return given.strip() if scheme.lower() == "bearer" else ""


def _digest(token: str) -> bytes:
    return sha256(token.encode()).digest()


def _split_host(host: str) -> tuple[str, str]:
    if host.startswith("["):
        name, _, rest = host[1:].partition("]")
        return name, rest.removeprefix(":")
    name, _, port = host.partition(":")
    return name.lower().removesuffix("."), port
