"""Who may reach a controller."""

import pytest

from skalds.config.access import SHORTEST_TOKEN, check_access, is_loopback_address
from skalds.config.system_controller_config import SystemControllerConfig
from skalds.errors import ConfigurationError

LONG = "x" * SHORTEST_TOKEN
EVERYWHERE = ("0.0.0.0", "::", "", "192.0.2.1", "skalds.example")


pytestmark = pytest.mark.usefixtures("empty_surroundings")


def config(**given: object) -> SystemControllerConfig:
    return SystemControllerConfig(**given)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "::1", "localhost"])
@pytest.mark.parametrize("token", ["", "short", LONG])
def test_this_machine_may_always_come_in(host: str, token: str) -> None:
    assert is_loopback_address(host)
    assert check_access(config(system_controller_host=host, skalds_token=token)) == []


@pytest.mark.parametrize("host", EVERYWHERE)
def test_strangers_need_a_token(host: str) -> None:
    with pytest.raises(ConfigurationError, match="a loopback address while no SKALDS_TOKEN is set") as refusal:
        check_access(config(system_controller_host=host))

    assert refusal.value.fields["setting"] == "SYSTEM_CONTROLLER_HOST"
    assert "secrets.token_urlsafe(32)" in str(refusal.value)


@pytest.mark.parametrize("host", EVERYWHERE)
def test_a_token_that_can_be_guessed_is_refused(host: str) -> None:
    with pytest.raises(ConfigurationError, match=f"at least {SHORTEST_TOKEN} characters") as refusal:
        check_access(config(system_controller_host=host, skalds_token=LONG[1:]))

    assert refusal.value.fields["setting"] == "SKALDS_TOKEN"
    assert LONG[1:] not in str(refusal.value)


def test_with_a_long_token_strangers_may_try() -> None:
    assert check_access(config(system_controller_host="0.0.0.0", skalds_token=LONG)) == []


@pytest.mark.parametrize("token", ["", "short"])
def test_who_asks_for_it_goes_without_and_is_warned(token: str) -> None:
    given = config(system_controller_host="0.0.0.0", system_controller_insecure=True, skalds_token=token)
    (warning,) = check_access(given)

    assert "--insecure" in warning
