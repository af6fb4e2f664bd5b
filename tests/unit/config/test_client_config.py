"""Where the commands look for a controller, and with which token."""

import pytest

from skalds.config.client_config import ClientConfig
from skalds.config.setting import Source
from skalds.errors import ConfigurationError


def test_the_local_controller_is_meant_if_nothing_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SKALDS_URL", raising=False)
    monkeypatch.delenv("SKALDS_TOKEN", raising=False)

    config = ClientConfig()

    assert (config.skalds_url, config.skalds_token) == ("http://127.0.0.1:8000", "")


def test_an_argument_is_stronger_than_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SKALDS_URL", "https://far.example:8443/skalds")

    assert ClientConfig().source("skalds_url") is Source.ENVIRONMENT
    assert ClientConfig(skalds_url="http://[::1]:9000").skalds_url == "http://[::1]:9000"


@pytest.mark.parametrize(
    "url", ["localhost:8000", "ftp://host", "http://", "http://host:99999", "http://a b", "http://h\n"]
)
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(ConfigurationError, match="expected an address like http"):
        ClientConfig(skalds_url=url)


def test_a_password_in_the_address_is_not_shown() -> None:
    config = ClientConfig(skalds_url="https://me:hush@far.example/")

    assert "hush" not in repr(config)
