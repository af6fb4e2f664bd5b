"""What the settings say of the log, and how ages are read."""

from datetime import timedelta
from pathlib import Path

import pytest

from skalds.config.age import parse_age
from skalds.config.log_arguments import log_arguments
from skalds.config.skald_config import SkaldConfig
from skalds.errors import ConfigurationError


def test_there_is_no_file_unless_somebody_chose_a_directory() -> None:
    assert log_arguments(SkaldConfig(), "node-1")["file"] is None
    assert log_arguments(SkaldConfig(log_path=""), "node-1")["file"] is None


def test_file_is_named_after_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOG_PATH", "logs")
    chosen = log_arguments(SkaldConfig(log_rotation_mb=2, log_retention="12 hours", log_format="JSON"), "node-1")
    assert chosen == {
        "level": "INFO",
        "json": True,
        "file": Path("logs/node-1.log"),
        "rotation_mb": 2,
        "kept": timedelta(hours=12),
    }


@pytest.mark.parametrize(
    ("text", "age"),
    [
        ("3 days", timedelta(days=3)),
        ("30", timedelta(days=30)),
        (" 1.5 Hours ", timedelta(minutes=90)),
        ("2weeks", timedelta(days=14)),
        ("1 month", timedelta(days=30)),
        ("90 s", timedelta(seconds=90)),
    ],
)
def test_age_is_a_number_and_a_unit(text: str, age: timedelta) -> None:
    assert parse_age(text) == age


@pytest.mark.parametrize("text", ["", "soon", "3 fortnights", "-1 days", "0", "1e9 days", "99999999999999 years"])
def test_what_is_no_age_stops_the_start(text: str) -> None:
    if text:
        with pytest.raises(ConfigurationError, match="LOG_RETENTION"):
            SkaldConfig(log_retention=text)
    else:
        assert SkaldConfig(log_retention=text).log_retention == "3 days"


def test_bare_number_counts_as_days() -> None:
    assert log_arguments(SkaldConfig(log_retention=5), "n")["kept"] == timedelta(days=5)
