"""Entry of a controller process: load settings, bootstrap, run."""

import sys

from skalds.config.system_controller_config import SystemControllerConfig
from skalds.errors import SkaldsError, exit_status
from skalds.system_controller.bootstrap import run_controller


class SystemController:
    """A controller: keeps tasks, watches nodes, dispatches, and answers the API."""

    def __init__(self, config: SystemControllerConfig | None = None) -> None:
        self.config = config or SystemControllerConfig()

    def run(self) -> None:
        """Runs until Ctrl-C or SIGTERM; blocks.

        Raises `AlreadyRunning` if another controller uses the data directory, `ConfigurationError`, `StoreError`.
        """
        run_controller(self.config)


def main(config: SystemControllerConfig | None = None) -> int:
    """Runs a controller; returns the exit status and says on one line of standard error why it could not run."""
    try:
        SystemController(config).run()
    except SkaldsError as error:
        sys.stderr.write(f"skalds: {error}\n")
        return exit_status(error)
    return 0


if __name__ == "__main__":
    sys.exit(main())
