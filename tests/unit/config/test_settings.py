"""The settings classes: names, defaults, frozenness, and what they show of themselves."""

from datetime import timedelta
from pathlib import Path

import pytest

from skalds.config._enum import (
    DispatcherStrategyEnum,
    EngineEnum,
    LogLevelEnum,
    SkaldEnvEnum,
    SkaldModeEnum,
    SystemControllerModeEnum,
)
from skalds.config.settings import Settings, every_name
from skalds.config.skald_config import SkaldConfig
from skalds.config.system_controller_config import SystemControllerConfig

SHARED_ARGUMENTS = (
    "log_level log_format log_path log_retention log_rotation_mb log_split_with_worker_id redis_url redis_host "
    "redis_port redis_username redis_password redis_db redis_tls redis_tls_ca_file redis_sync_period "
    "redis_key_ttl kafka_host kafka_port kafka_security_protocol kafka_sasl_mechanism kafka_username kafka_password "
    "kafka_ssl_ca_file kafka_ssl_certificate_file kafka_ssl_key_file kafka_ssl_key_password "
    "kafka_topic_partitions kafka_replication_factor mongo_host db_name skalds_engine skalds_legacy "
    "skalds_data_dir skalds_token skalds_failpoints"
)
ARGUMENTS: dict[type[Settings], str] = {
    SkaldConfig: (
        "skald_id skald_env skald_mode task_worker_retry yaml_file "
        "skald_slots skald_labels skald_resources skald_reserved_slots"
    ),
    SystemControllerConfig: (
        "system_controller_mode system_controller_host system_controller_insecure system_controller_port "
        "monitor_skald_interval "
        "monitor_task_interval monitor_heartbeat_timeout dispatcher_interval dispatcher_strategy "
        "dispatcher_spread_label dispatcher_ageing_step task_max_attempts task_retention"
    ),
}
ROLES: list[type[Settings]] = [SkaldConfig, SystemControllerConfig]


@pytest.fixture(autouse=True)
def empty_surroundings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    for name in every_name():
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize("role", ROLES)
def test_every_argument_is_an_attribute_and_in_dict(role: type[Settings]) -> None:
    settings = role()

    names = set(f"{ARGUMENTS[role]} {SHARED_ARGUMENTS}".split())
    assert settings.dict().keys() == names
    assert all(hasattr(settings, name) for name in names)


@pytest.mark.parametrize("role", ROLES)
def test_every_argument_may_be_none(role: type[Settings]) -> None:
    assert role(**dict.fromkeys(role().dict())).source("redis_port") == "default"


def test_defaults_of_the_controller() -> None:
    config = SystemControllerConfig()

    assert config.system_controller_mode is SystemControllerModeEnum.DISPATCHER
    assert (config.system_controller_host, config.system_controller_port) == ("127.0.0.1", 8000)
    assert config.dispatcher_strategy is DispatcherStrategyEnum.LEAST_TASKS
    assert config.dispatcher_ageing_step == timedelta(seconds=60)
    assert (config.task_max_attempts, config.task_retention) == (3, timedelta(days=30))
    assert (config.skalds_engine, config.skalds_data_dir) == (EngineEnum.EMBEDDED, Path(".skalds"))
    assert (config.monitor_skald_interval, config.monitor_task_interval, config.dispatcher_interval) == (5, 3, 5)


def test_defaults_of_the_node() -> None:
    config = SkaldConfig()

    assert (config.skald_env, config.skald_mode) == (SkaldEnvEnum.DEV, SkaldModeEnum.NODE)
    assert config.skald_slots >= 1
    assert (config.log_level, config.log_rotation_mb) == (LogLevelEnum.INFO, "10")
    assert not config.skald_labels
    assert not config.skald_resources


def test_node_id_is_made_anew_for_each_settings_object() -> None:
    ids = {SkaldConfig().skald_id for _ in range(20)}

    assert len(ids) > 10
    assert all(len(id_) == len("skalds-") + 5 and int(id_.removeprefix("skalds-"), 16) >= 0 for id_ in ids)


def test_environment_and_dotenv_are_read_when_the_settings_are_made(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / ".env").write_text("DB_NAME=from_file\nREDIS_HOST=from_file\n", encoding="utf-8")
    monkeypatch.setenv("REDIS_HOST", "from_environment")

    config = SkaldConfig(redis_port=1)

    assert [config.source(name) for name in ("redis_port", "redis_host", "db_name", "kafka_host")] == [
        "argument",
        "environment",
        ".env",
        "default",
    ]


def test_warnings_wait_for_the_log(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISPATCHER_STRATEGIE", "RANDOM")

    (warning,) = SystemControllerConfig().warnings
    assert "did you mean DISPATCHER_STRATEGY?" in warning


@pytest.mark.parametrize("name", ["redis_port", "unheard_of"])
def test_settings_are_frozen(name: str) -> None:
    with pytest.raises(AttributeError, match="frozen"):
        setattr(SkaldConfig(), name, 1)


def test_labels_cannot_be_changed_in_place() -> None:
    with pytest.raises(TypeError):
        SkaldConfig(skald_labels="zone=north").skald_labels["zone"] = "south"  # type: ignore[index]


def test_secrets_are_in_dict_but_never_shown() -> None:
    config = SkaldConfig(
        redis_password="geheim1",
        kafka_password="geheim2",
        skalds_token="geheim3",
        kafka_ssl_key_password="geheim5",
        mongo_host="mongodb://root:geheim4:/@x@db.local:27017/?tlsCertificateKeyFilePassword=geheim6&w=1",
        redis_url="redis://me:geheim7@redis.local/0?password=geheim8",
        kafka_ssl_key_file=Path(__file__),
        kafka_ssl_certificate_file=Path(__file__),
    )

    shown = repr(config) + repr(config.show())
    assert "geheim" not in shown
    assert "mongodb://root:***@db.local:27017/?tlsCertificateKeyFilePassword=***&w=1" in shown
    assert "redis://me:***@redis.local/0?password=***" in shown
    assert config.dict()["redis_password"] == "geheim1"


def test_show_names_value_source_and_meaning() -> None:
    shown = {setting.name: setting for setting in SystemControllerConfig(dispatcher_ageing_step=90).show()}

    assert shown["DISPATCHER_AGEING_STEP"][:3] == ("DISPATCHER_AGEING_STEP", "90", "argument")
    assert all(setting.description.endswith(".") for setting in shown.values())


def test_lists_of_enums_are_their_texts() -> None:
    assert DispatcherStrategyEnum.list()[:3] == ["LEAST_TASKS", "ROUND_ROBIN", "RANDOM"]
    assert SystemControllerModeEnum.list() == ["CONTROLLER", "MONITOR", "DISPATCHER"]
