"""Entry of a controller process: load settings, bootstrap, run."""

import sys
from collections.abc import Callable

from skalds.config.system_controller_config import SystemControllerConfig
from skalds.errors import AlreadyRunning, SkaldsError
from skalds.runtime.log_setup import configure_logging, log_event
from skalds.system_controller.bootstrap import run_controller

EXIT_CONFIGURATION = 2
EXIT_ALREADY_RUNNING = 3


class SystemController:
    """A controller: keeps tasks, watches nodes, dispatches, and answers the API."""

    def __init__(self, config: SystemControllerConfig | None = None) -> None:
        self.config = config or SystemControllerConfig()

    def run(self, on_ready: Callable[[str], None] = lambda _: None) -> None:
        """Runs until Ctrl-C or SIGTERM; blocks. `on_ready` is told the address once the API answers.

        Raises `AlreadyRunning` if another controller uses the data directory, `ConfigurationError`, `StoreError`.
        """
        configure_logging(self.config.log_level.value)
        for warning in self.config.warnings:
            log_event("WARNING", "configuration.warning", warning=warning)
        run_controller(self.config, on_ready)


def main(config: SystemControllerConfig | None = None, on_ready: Callable[[str], None] = lambda _: None) -> int:
    """Runs a controller; returns the exit status and says on one line of standard error why it could not run."""
    try:
        SystemController(config).run(on_ready)
    except AlreadyRunning as error:
        return _refuse(error, EXIT_ALREADY_RUNNING)
    except SkaldsError as error:
        return _refuse(error, EXIT_CONFIGURATION)
    return 0


def _refuse(error: SkaldsError, status: int) -> int:
    sys.stderr.write(f"skalds: {error}\n")
    return status


if __name__ == "__main__":
    sys.exit(main())
