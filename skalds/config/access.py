"""Who may reach a controller: only this machine, those with the token, or, if that was asked for, anybody."""

import ipaddress

from skalds.config.system_controller_config import SystemControllerConfig
from skalds.errors import ConfigurationError

SHORTEST_TOKEN = 16
MAKE_A_TOKEN = "python3 -c 'import secrets; print(secrets.token_urlsafe(32))'"  # noqa: S105 - how one is made


def check_access(config: SystemControllerConfig) -> list[str]:
    """The warnings about who may come in; raises ConfigurationError where strangers could."""
    host, token = config.system_controller_host, config.skalds_token
    if is_loopback_address(host):
        return []
    if len(token) >= SHORTEST_TOKEN:
        return []
    if config.system_controller_insecure:
        return [f"--insecure: everybody who reaches {host or 'this machine'} may submit tasks, which run as its nodes"]
    if token:
        expected = f"at least {SHORTEST_TOKEN} characters while {host or 'every address'} is listened on"
        raise ConfigurationError("SKALDS_TOKEN", "***", f"{expected}; make one with: {MAKE_A_TOKEN}")
    expected = "a loopback address while no SKALDS_TOKEN is set"
    raise ConfigurationError("SYSTEM_CONTROLLER_HOST", host, f"{expected}; make one with: {MAKE_A_TOKEN}")


def is_loopback_address(host: str) -> bool:
    """Whether only this machine can reach what listens there."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
