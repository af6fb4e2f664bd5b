"""Where values come from, which source wins, and what is said about those that cannot be used."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skalds.config._enum import DispatcherStrategyEnum, EngineEnum, SystemControllerModeEnum
from skalds.config.loading import Resolved, Surroundings, read_surroundings, resolve
from skalds.config.setting import Source
from skalds.config.settings import declared_settings, every_known_name, every_name
from skalds.config.skald_config import SkaldConfig
from skalds.config.system_controller_config import SystemControllerConfig
from skalds.errors import ConfigurationError


def load(
    arguments: dict[str, object] | None = None,
    environment: dict[str, str] | None = None,
    dotenv: dict[str, str] | None = None,
    role: type = SystemControllerConfig,
) -> Resolved:
    surroundings = Surroundings(environment or {}, dotenv or {})
    return resolve(declared_settings(role), arguments or {}, surroundings, every_name())


@given(
    argument=st.none() | st.integers(0, 65535),
    variable=st.none() | st.integers(0, 65535),
    line=st.none() | st.integers(0, 65535),
)
def test_argument_beats_environment_beats_dotenv_beats_default(
    argument: int | None, variable: int | None, line: int | None
) -> None:
    resolved = load(
        {"redis_port": argument},
        {} if variable is None else {"REDIS_PORT": str(variable)},
        {} if line is None else {"REDIS_PORT": str(line)},
    )

    offers = [
        (Source.ARGUMENT, argument),
        (Source.ENVIRONMENT, variable),
        (Source.DOTENV, line),
        (Source.DEFAULT, 6379),
    ]
    source, value = next((source, value) for source, value in offers if value is not None)
    assert (resolved.sources["redis_port"], resolved.values["redis_port"]) == (source, value)


@pytest.mark.parametrize("name", ["dispatcher", "DISPATCHER", "Dispatcher", SystemControllerModeEnum.DISPATCHER])
def test_mode_is_accepted_in_any_case(name: str) -> None:
    resolved = load({"system_controller_mode": name})

    assert resolved.values["system_controller_mode"] is SystemControllerModeEnum.DISPATCHER


def test_strategy_is_accepted_in_any_case() -> None:
    resolved = load(environment={"DISPATCHER_STRATEGY": "round_robin"})

    assert resolved.values["dispatcher_strategy"] is DispatcherStrategyEnum.ROUND_ROBIN


def test_unknown_mode_is_refused_with_the_valid_ones() -> None:
    with pytest.raises(ConfigurationError) as refusal:
        load(environment={"SYSTEM_CONTROLLER_MODE": "LEADER"})

    assert refusal.value.fields == {
        "setting": "SYSTEM_CONTROLLER_MODE",
        "got": "'LEADER'",
        "expected": "one of CONTROLLER, MONITOR, DISPATCHER",
    }


def test_unknown_argument_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(ConfigurationError, match=r"dispatcher_stategy.*did you mean dispatcher_strategy\?"):
        load({"dispatcher_stategy": "RANDOM"})


@pytest.mark.parametrize("where", ["environment", "dotenv"])
def test_unknown_variable_with_our_prefix_warns_with_the_nearest_name(where: str) -> None:
    arguments: dict[str, Any] = {where: {"SKALD_SLOT": "4", "SKALDISH": "1", "HOME": "/"}}

    assert load(**arguments).warnings == ["SKALD_SLOT is not a setting and has no effect; did you mean SKALD_SLOTS?"]


def test_variable_of_another_role_does_not_warn() -> None:
    assert load(environment={"SKALD_SLOTS": "4"}).warnings == []


@pytest.mark.parametrize(
    "name",
    [
        "SKALDS_SERVICE_HOST",
        "SKALDS_SERVICE_PORT",
        "SKALDS_SERVICE_PORT_HTTP",
        "SKALDS_PORT",
        "SKALDS_PORT_8000_TCP",
        "SKALDS_PORT_8000_TCP_ADDR",
    ],
)
def test_variable_that_kubernetes_injects_for_a_service_does_not_warn(name: str) -> None:
    assert load(environment={name: "tcp://10.0.0.1:8000"}).warnings == []


@pytest.mark.parametrize("name", ["REDIS_PORT", "KAFKA_PORT", "SYSTEM_CONTROLLER_PORT"])
def test_injected_address_in_a_port_is_ignored_with_a_warning(name: str) -> None:
    resolved = load(environment={name: "tcp://10.0.0.1:6379"}, dotenv={name: "77"})

    assert resolved.values[name.lower()] == 77
    assert resolved.sources[name.lower()] is Source.DOTENV
    assert [name in warning for warning in resolved.warnings] == [True]


@pytest.mark.parametrize("name", ["REDIS_PORT", "DISPATCHER_INTERVAL", "SYSTEM_CONTROLLER_MODE", "LOG_LEVEL"])
def test_empty_text_means_unset_where_it_is_no_value(name: str) -> None:
    assert load(environment={name: ""}).sources[name.lower()] is Source.DEFAULT


def test_empty_host_is_a_value() -> None:
    resolved = load(environment={"KAFKA_HOST": ""})

    assert (resolved.values["kafka_host"], resolved.sources["kafka_host"]) == ("", Source.ENVIRONMENT)


@pytest.mark.parametrize("text", ["0", "-5", "5s", "1e3", "99999999999999999999"])
def test_interval_out_of_bounds_is_refused(text: str) -> None:
    with pytest.raises(ConfigurationError, match="DISPATCHER_INTERVAL"):
        load(environment={"DISPATCHER_INTERVAL": text})


@pytest.mark.parametrize(
    "given", [{"environment": {"REDIS_PASSWORD": "geheim\n"}}, {"arguments": {"redis_password": 1}}]
)
def test_secret_that_cannot_be_used_is_not_shown(given: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError) as refusal:
        load(**given)

    assert refusal.value.fields["got"] == "'***'"


@pytest.mark.parametrize(
    ("given", "engine"),
    [
        ({}, EngineEnum.EMBEDDED),
        ({"environment": {"MONGO_HOST": "mongodb://db/"}}, EngineEnum.DISTRIBUTED),
        ({"dotenv": {"KAFKA_HOST": "kafka"}}, EngineEnum.DISTRIBUTED),
        ({"arguments": {"redis_host": "redis"}}, EngineEnum.DISTRIBUTED),
        ({"environment": {"REDIS_URL": "redis://redis"}}, EngineEnum.DISTRIBUTED),
        ({"environment": {"MONGO_HOST": "", "KAFKA_HOST": "", "REDIS_HOST": ""}}, EngineEnum.EMBEDDED),
        ({"environment": {"REDIS_PORT": "1"}}, EngineEnum.EMBEDDED),
        ({"environment": {"MONGO_HOST": "mongodb://db/", "SKALDS_ENGINE": "embedded"}}, EngineEnum.EMBEDDED),
    ],
)
@pytest.mark.parametrize("role", [SkaldConfig, SystemControllerConfig])
def test_engine_follows_from_the_hosts_unless_it_is_named(
    given: dict[str, Any], engine: EngineEnum, role: type
) -> None:
    assert load(**given, role=role).values["skalds_engine"] is engine


def test_secret_is_read_from_the_file_that_the_variable_names(tmp_path: Path) -> None:
    (tmp_path / "password").write_text("geheim\n", encoding="utf-8")
    resolved = load(environment={"REDIS_PASSWORD_FILE": str(tmp_path / "password")})

    assert (resolved.values["redis_password"], resolved.sources["redis_password"]) == ("geheim", Source.ENVIRONMENT)


def test_secret_and_its_file_together_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="nothing while SKALDS_TOKEN is set as well") as refusal:
        load(dotenv={"SKALDS_TOKEN": "geheim", "SKALDS_TOKEN_FILE": str(tmp_path / "token")})

    assert "geheim" not in str(refusal.value)


def test_empty_secret_gives_way_to_its_file(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("geheim", encoding="utf-8")
    resolved = load(environment={"SKALDS_TOKEN": "", "SKALDS_TOKEN_FILE": str(tmp_path / "token")})

    assert resolved.values["skalds_token"] == "geheim"


@pytest.mark.parametrize("name", ["nowhere", ".", "binary"])
def test_file_of_a_secret_that_cannot_be_read_is_named(tmp_path: Path, name: str) -> None:
    (tmp_path / "binary").write_bytes(b"\xff\xfe")

    with pytest.raises(ConfigurationError, match=r"KAFKA_PASSWORD_FILE cannot be .* a text file that can be read"):
        load(environment={"KAFKA_PASSWORD_FILE": str(tmp_path / name)})


def test_name_of_a_secret_file_is_no_unknown_variable() -> None:
    surroundings = Surroundings({"SKALDS_TOKEN_FILE": "", "SKALDS_URL_FILE": ""}, {})

    assert resolve(declared_settings(SystemControllerConfig), {}, surroundings, every_known_name()).warnings == []


def test_dotenv_is_read_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text("# comment\nexport REDIS_PORT=77\nDB_NAME='a b'\nALONE\n", encoding="utf-8")

    assert read_surroundings(file).dotenv == {"REDIS_PORT": "77", "DB_NAME": "a b"}


def test_missing_dotenv_is_as_good_as_an_empty_one(tmp_path: Path) -> None:
    assert read_surroundings(tmp_path / ".env").dotenv == {}


def test_unreadable_dotenv_is_refused(tmp_path: Path) -> None:
    (tmp_path / "latin").write_bytes(b"DB_NAME=\xe9")

    for path in (tmp_path, tmp_path / "latin"):
        with pytest.raises(ConfigurationError, match="readable file in UTF-8"):
            read_surroundings(path)
