"""`.env.example` is what the declarations say, and following it changes nothing."""

from io import StringIO
from pathlib import Path

from dotenv import dotenv_values

from skalds.config.env_example import env_example, settings_table
from skalds.config.loading import Surroundings, resolve
from skalds.config.settings import declared_settings, every_name
from skalds.config.skald_config import SkaldConfig
from skalds.config.system_controller_config import SystemControllerConfig

FILE = Path(__file__).parents[3] / ".env.example"


def test_env_example_is_up_to_date() -> None:
    assert FILE.read_text(encoding="utf-8") == env_example(), "run: python -m skalds.config.env_example > .env.example"


def test_env_example_sets_nothing_as_it_is() -> None:
    assert dotenv_values(stream=StringIO(env_example())) == {}


def test_uncommenting_a_default_sets_that_default() -> None:
    lines = [line.removeprefix("#") for line in env_example().splitlines() if not line.startswith("# ")]
    dotenv = {name: value or "" for name, value in dotenv_values(stream=StringIO("\n".join(lines))).items()}
    assert dotenv.keys() == set(every_name())

    for role in (SkaldConfig, SystemControllerConfig):
        settings = {name: s for name, s in declared_settings(role).items() if s.has_fixed_default}
        resolved = resolve(settings, {}, Surroundings({}, dotenv), every_name())
        assert resolved.values == {name: setting.default for name, setting in settings.items()}


def test_settings_table_has_a_row_for_each_setting() -> None:
    rows = [line.split("`")[1] for line in settings_table().splitlines() if "`" in line]

    assert rows == every_name()
