"""`skalds demo`: a whole system at work."""

from typing import Annotated

import typer

from skalds.config._enum import EngineEnum


def demo(
    engine: Annotated[EngineEnum, typer.Option(case_sensitive=False, help="What keeps the tasks.")] = (
        EngineEnum.EMBEDDED
    ),
    nodes: Annotated[
        int | None, typer.Option(min=1, max=16, help="How many nodes to start.", show_default="3, or 4 on distributed")
    ] = None,
    kill: Annotated[bool, typer.Option("--kill", help="Kill a node with SIGKILL half-way.")] = False,
    kill_controller: Annotated[
        bool, typer.Option("--kill-controller", help="Kill the controller with SIGKILL half-way.")
    ] = False,
    files: Annotated[int | None, typer.Option(hidden=True, min=1, help="Survey only so many files.")] = None,
) -> None:
    """Survey Python's own standard library on a few nodes, and check the result against a plain count.

    The distributed engine needs MongoDB, Kafka and Redis, as MONGO_HOST, KAFKA_HOST and REDIS_HOST say; it shows two
    controllers.
    """
    from skalds.cli.demo_fault import Victim
    from skalds.cli.demo_run import DemoPlan, run_demo

    if kill and kill_controller:
        raise typer.BadParameter("kills a node, --kill-controller the controller; choose one", param_hint="--kill")
    victim = Victim.NODE if kill else Victim.CONTROLLER if kill_controller else None
    run_demo(DemoPlan(engine, nodes or (4 if engine is EngineEnum.DISTRIBUTED else 3), victim, files))
