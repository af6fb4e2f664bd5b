"""Every setting there is, in groups that the settings classes combine."""

import os
import secrets
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from types import MappingProxyType

from skalds.config._enum import (
    DispatcherStrategyEnum,
    EngineEnum,
    LogFormatEnum,
    LogLevelEnum,
    SkaldEnvEnum,
    SkaldModeEnum,
    SystemControllerModeEnum,
)
from skalds.config.age import AGE
from skalds.config.capacity import LABELS, RESERVED_SLOTS, RESOURCES, ReservedSlots
from skalds.config.kinds import (
    BOOLEAN,
    MEGABYTES,
    NODE_ID,
    PATH,
    PORT,
    SECONDS,
    TEXT,
    URL,
    duration,
    one_of,
    whole_number,
)
from skalds.config.kinds_of_servers import TOKEN
from skalds.config.server_declarations import KafkaSettings, MongoSettings, RedisSettings
from skalds.config.setting import Derived, Secrecy, Setting
from skalds.config.strategy_name import STRATEGY


def _choose_engine(given: Mapping[str, object]) -> EngineEnum:
    addressed = any(given.get(name) for name in ("mongo_host", "kafka_host", "redis_host", "redis_url"))
    return EngineEnum.DISTRIBUTED if addressed else EngineEnum.EMBEDDED


def _make_node_id(_: Mapping[str, object]) -> str:
    return f"skalds-{secrets.token_hex(3)[:5]}"


def _count_cpus(_: Mapping[str, object]) -> int:
    return os.cpu_count() or 1


class EngineSettings:
    """Engine"""

    skalds_engine = Setting(
        one_of(EngineEnum),
        Derived(
            "distributed if MONGO_HOST, KAFKA_HOST, REDIS_HOST or REDIS_URL is set and not empty, else embedded",
            _choose_engine,
        ),
        "What keeps tasks, messages and presence.",
    )
    skalds_data_dir = Setting(PATH, Path(".skalds"), "Directory of the embedded engine; must be on a local disk.")
    skalds_legacy = Setting(
        BOOLEAN, True, "Whether nodes, scripts and readers of Skalds 0.3.8 are served too (distributed engine)."
    )


class AccessSettings:
    """Access"""

    skalds_token = Setting(TOKEN, "", "Token that every request to the controller must present.", secrecy=Secrecy.WHOLE)


class ClientSettings:
    """Client (the commands about tasks, nodes and the dispatcher)"""

    skalds_url = Setting(
        URL, "http://127.0.0.1:8000", "Address of the System Controller.", secrecy=Secrecy.PASSWORD_IN_URL
    )


class NodeSettings:
    """Skald node"""

    skald_id = Setting(NODE_ID, Derived("skalds- and 5 random hex digits", _make_node_id), "Id of the node.")
    skald_env = Setting(one_of(SkaldEnvEnum), SkaldEnvEnum.DEV, "What the installation is for.")
    skald_mode = Setting(one_of(SkaldModeEnum), SkaldModeEnum.NODE, "Where the node takes its tasks from.")
    skald_slots = Setting(
        whole_number(0, 100_000), Derived("number of CPUs", _count_cpus), "Slots the node offers; 0 is unlimited."
    )
    skald_labels = Setting(LABELS, MappingProxyType({}), "Labels tasks can require or prefer.")
    skald_resources = Setting(
        RESOURCES,
        MappingProxyType({}),
        "Resources tasks can take. cpu and memory, if not named, are what the machine has; gpu devices only if named.",
    )
    skald_reserved_slots = Setting(
        RESERVED_SLOTS, ReservedSlots(0, 0), "Slots only tasks of this priority or above may take."
    )
    yaml_file = Setting(TEXT, "", "Task definition file of the modes edge and single_process.")
    task_worker_retry = Setting(whole_number(-1), -1, "Has no effect; accepted for 0.3.8.")


class ControllerSettings:
    """System Controller"""

    system_controller_mode = Setting(
        one_of(SystemControllerModeEnum), SystemControllerModeEnum.DISPATCHER, "Which duties the controller may take."
    )
    system_controller_host = Setting(TEXT, "127.0.0.1", "Address the HTTP port binds to.")
    system_controller_insecure = Setting(
        BOOLEAN, False, "Listens on an address that others can reach without SKALDS_TOKEN: anybody may run tasks."
    )
    system_controller_port = Setting(PORT, 8000, "HTTP port; 0 takes a free one.")
    monitor_skald_interval = Setting(SECONDS, 5, "Seconds between two looks at the nodes.")
    monitor_task_interval = Setting(SECONDS, 3, "Seconds between two looks at the running tasks.")
    monitor_heartbeat_timeout = Setting(SECONDS, 5, "Shown by /api/system/config; has no other effect.")
    task_max_attempts = Setting(
        whole_number(0, 1_000_000), 3, "Failed runs after which a task is Failed for good; 0 is unlimited."
    )
    task_retention = Setting(duration(timedelta(days=1), "days"), timedelta(days=30), "Days an ended task is kept.")


class DispatcherSettings:
    """Dispatcher"""

    dispatcher_interval = Setting(SECONDS, 5, "Seconds after which a pass is made even if nothing changed.")
    dispatcher_strategy = Setting(
        STRATEGY,
        DispatcherStrategyEnum.LEAST_TASKS,
        "How to choose among the nodes that can take a task.",
    )
    dispatcher_spread_label = Setting(TEXT, "", "Label over whose values tasks are spread.")
    dispatcher_ageing_step = Setting(
        duration(timedelta(seconds=1), "seconds"),
        timedelta(seconds=60),
        "Seconds of waiting that weigh as much as one level of priority.",
    )


class LogSettings:
    """Log"""

    log_level = Setting(one_of(LogLevelEnum), LogLevelEnum.INFO, "How much is logged.")
    log_format = Setting(one_of(LogFormatEnum), LogFormatEnum.TEXT, "How a line of the log looks.")
    log_path = Setting(TEXT, "logs", "Directory of log files; they are written only if it is set.")
    log_retention = Setting(AGE, "3 days", "Age after which rotated log files are removed.")
    log_rotation_mb = Setting(MEGABYTES, "10", "Size in MB at which a log file is rotated.")
    log_split_with_worker_id = Setting(BOOLEAN, False, "Whether each worker has a log file of its own.")


class FaultSettings:
    """Faults on purpose (tests of Skalds itself)"""

    skalds_failpoints = Setting(
        TEXT, "", "Where this process breaks on purpose; from the environment only, never for production."
    )


GROUPS: tuple[type, ...] = (
    EngineSettings,
    AccessSettings,
    ClientSettings,
    NodeSettings,
    ControllerSettings,
    DispatcherSettings,
    LogSettings,
    MongoSettings,
    RedisSettings,
    KafkaSettings,
    FaultSettings,
)
