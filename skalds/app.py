"""`Skald`, the application a user creates on a node to register worker classes and run."""

import multiprocessing
import sys
from functools import partial
from typing import Any

from skalds.config._enum import SkaldModeEnum
from skalds.config.log_arguments import log_arguments
from skalds.config.skald_config import SkaldConfig
from skalds.errors import ConfigurationError, SkaldsError, exit_status
from skalds.node.bootstrap import NodeProgram, become_worker_if_asked, run_node
from skalds.runtime.log_setup import configure_logging, log_event
from skalds.worker.baseclass import BaseTaskWorker
from skalds.worker.registry import WorkerRegistry
from skalds.worker.runner import enter_worker


class Skald:
    """One node: knows its worker classes, and runs what the dispatcher gives it.

        app = Skald()
        app.register_task_worker(MyWorker)
        app.run()

    Creating it reads the configuration and connects nothing. No `if __name__ == "__main__":` is needed.
    """

    def __init__(self, config: SkaldConfig | None = None) -> None:
        self.config = config or SkaldConfig()
        self.registry = WorkerRegistry()

    def register_task_worker(self, worker_class: type[BaseTaskWorker[Any]]) -> None:
        """Lets this node run tasks whose `className` is the name of the class.

        Raises `ConfigurationError` for a class that is no `BaseTaskWorker[Model]`, or whose name is taken.
        """
        self.registry.register(worker_class)

    def run(self) -> None:
        """Runs the node until Ctrl-C or SIGTERM; blocks. An error ends the process with one line that names it.

        SIGTERM lets running tasks finish for up to five minutes, Ctrl-C stops them and hands them back. Call it before
        starting threads: where some exist, every run starts as a fresh interpreter instead of a fast fork.
        """
        if getattr(multiprocessing.current_process(), "_inheriting", False):
            return  # a process that a worker spawned only imports this program
        # No file yet: a fresh interpreter for one run must not rotate that of its node.
        configure_logging(self.config.log_level.value)
        enter = partial(enter_worker, registry=self.registry)
        become_worker_if_asked(enter)
        try:
            configure_logging(**log_arguments(self.config, self.config.skald_id))
            self._check()
            run_node(self.config, NodeProgram(self.registry.schemas(), self.registry.exec_classes, enter))
        except SkaldsError as error:
            sys.stderr.write(f"skalds: {error}\n")
            sys.exit(exit_status(error))

    def _check(self) -> None:
        if not len(self.registry):
            raise ConfigurationError("register_task_worker", "no class", "at least one worker class before run()")
        if self.config.skald_mode is not SkaldModeEnum.NODE:
            raise ConfigurationError("SKALD_MODE", self.config.skald_mode.value, "node; the others are not built yet")
        for warning in self.config.warnings:
            log_event("WARNING", "configuration.warning", warning=warning)


Skalds = Skald
"""The name used in the documentation."""
