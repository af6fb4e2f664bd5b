"""The settings of whoever speaks to a System Controller."""

from skalds.config.declarations import AccessSettings, ClientSettings
from skalds.config.settings import Settings


class ClientConfig(ClientSettings, AccessSettings, Settings):
    """Settings of the commands that speak to a controller."""
