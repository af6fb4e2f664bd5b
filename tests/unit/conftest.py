"""What tests of several parts need."""

from pathlib import Path

import pytest

from skalds.config.settings import every_known_name


@pytest.fixture
def empty_surroundings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No setting is said by the environment or by a file."""
    monkeypatch.chdir(tmp_path)
    for name in every_known_name():
        monkeypatch.delenv(name, raising=False)
