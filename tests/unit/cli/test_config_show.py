"""`skalds config show` tells every setting with its source, and no secret."""

import json
from pathlib import Path

import pytest
from rich.cells import cell_len

from skalds.config.settings import every_name
from tests.unit.cli.conftest import Prompt


@pytest.fixture
def configured(prompt: Prompt, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Prompt:
    monkeypatch.setenv("SKALDS_TOKEN", "hush-hush")
    monkeypatch.setenv("MONGO_HOST", "mongodb://me:hush-hush@far/")
    (tmp_path / ".env").write_text("DISPATCHER_STRATEGY=random\nSKALD_SLOT=3\n")
    return prompt


def test_every_setting_of_every_role_is_shown_once(configured: Prompt) -> None:
    rows = json.loads(configured.run("config", "show", "--json").out)

    assert [row["name"] for row in rows] == every_name()
    by_name = {row["name"]: row for row in rows}
    assert by_name["SKALDS_TOKEN"]["roles"] == ["controller", "node", "client"]
    assert by_name["SKALD_SLOTS"]["roles"] == ["node"]
    assert (by_name["DISPATCHER_STRATEGY"]["value"], by_name["DISPATCHER_STRATEGY"]["source"]) == ("RANDOM", ".env")


def test_what_has_its_default_can_be_left_out(configured: Prompt) -> None:
    done = configured.run("config", "show", "--changed")

    assert done.out.splitlines() == [
        "NAME                 VALUE                  SOURCE       FOR",
        "SKALDS_TOKEN         ***                    environment  controller, node, client",
        "DISPATCHER_STRATEGY  RANDOM                 .env         controller",
        "MONGO_HOST           mongodb://me:***@far/  environment  controller, node",
    ]
    assert done.err == "skalds: SKALD_SLOT is not a setting and has no effect; did you mean SKALD_SLOTS?\n"


@pytest.mark.parametrize("arguments", [[], ["--json"], ["--role", "controller"]])
def test_no_secret_is_shown(configured: Prompt, arguments: list[str]) -> None:
    done = configured.run("config", "show", *arguments)

    assert "hush" not in done.out + done.err


def test_one_role_has_its_own_settings_only(configured: Prompt) -> None:
    rows = json.loads(configured.run("config", "show", "--role", "client", "--json").out)

    assert [row["name"] for row in rows] == ["SKALDS_TOKEN", "SKALDS_URL"]


def test_the_table_fits_80_columns(configured: Prompt, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")

    assert max(cell_len(line) for line in configured.run("config", "show").out.splitlines()) <= 80


def test_a_value_that_cannot_be_used_is_named(prompt: Prompt, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SKALD_SLOTS", "many")

    done = prompt.run("config", "show")

    assert done.status == 2
    assert done.err.startswith("skalds: SKALD_SLOTS cannot be 'many': expected a whole number")
