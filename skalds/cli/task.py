"""`skalds task`: submit, find, follow and steer tasks."""

from typing import Annotated

import typer

from skalds.cli import task_options as options
from skalds.cli.controller_session import AsJson, Url, with_controller

task = typer.Typer(
    name="task",
    help="Submit, find, follow and steer tasks.",
    no_args_is_help=True,
    epilog="An ID may be shortened to any part of it that no other task has, such as the 12 characters of the list.",
)

Ids = Annotated[list[str], typer.Argument(metavar="ID", help="Ids of tasks, or parts of them.")]


@task.command(
    epilog="Examples:\n\n"
    'skalds task submit LogSurvey --attachments \'{"paths": ["camera.log"]}\' --wait\n\n'
    "skalds task submit LogSurvey -a @survey.json -p 5 --count 10\n\n"
    "skalds task submit Train --requires zone=north --gpu 1 --memory 8GiB --depends-on prepare-7\n\n"
    "skalds task submit --file tasks.ndjson"
)
def submit(
    class_name: options.ClassName = None,
    attachments: options.Attachments = None,
    priority: options.Priority = None,
    task_id: options.TaskId = None,
    tenant: options.Tenant = None,
    count: options.Count = 1,
    max_attempts: options.MaxAttempts = None,
    depends_on: options.DependsOn = None,
    not_before: options.NotBefore = None,
    deadline: options.Deadline = None,
    timeout: options.Timeout = None,
    pin: options.Pin = None,
    requires: options.Requires = None,
    prefers: options.Prefers = None,
    slots: options.Slots = None,
    cpu: options.Cpu = None,
    memory: options.Memory = None,
    gpu: options.Gpu = None,
    affinity_key: options.AffinityKey = None,
    concurrency_key: options.ConcurrencyKey = None,
    preemptible: options.Preemptible = False,
    file: options.File = None,
    wait: options.Wait = False,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Submit a task, or a file of tasks, and print the id of each."""
    from skalds.cli import task_submit
    from skalds.cli.task_typed import Place, Time, Typed

    if (class_name is None) == (file is None):
        raise typer.BadParameter("give either a CLASS or a --file")
    place = Place(pin, requires, prefers, slots, cpu, memory, gpu, affinity_key, preemptible)
    time = Time(depends_on, not_before, deadline, timeout, concurrency_key)
    typed = Typed(class_name or "", attachments, priority, task_id, tenant, max_attempts, place, time, count)
    drafts = task_submit.drafts_in(str(file)) if file is not None else task_submit.drafts_of(typed)
    with_controller(url, as_json, lambda session: task_submit.submit(session, drafts, wait))


@task.command("list")
def list_(
    status: Annotated[str | None, typer.Option(help="Created, Assigning, Running, Paused, Finished, …")] = None,
    class_name: Annotated[str | None, typer.Option("--class", help="The worker class.")] = None,
    node: Annotated[str | None, typer.Option(help="The node that has it, or had it last.")] = None,
    id_part: Annotated[str | None, typer.Option(help="A part of the id.")] = None,
    page: Annotated[int, typer.Option(min=1, help="The newest tasks are on page 1.")] = 1,
    page_size: Annotated[int, typer.Option(min=1, max=100, help="Tasks on a page.")] = 20,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """List tasks, newest first; PRI is the priority, TRY the attempt."""
    from skalds.cli.task_table import TaskFilter, list_tasks

    wanted = TaskFilter(status and status.capitalize(), class_name, node, id_part, page, page_size)
    with_controller(url, as_json, lambda session: list_tasks(session, wanted))


@task.command()
def show(
    task_id: Annotated[str, typer.Argument(metavar="ID", help="Id of a task, or a part of it.")],
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Show everything about a task: why it waits, its runs, its error, its result."""
    from skalds.cli.task_page import show_task

    with_controller(url, as_json, lambda session: show_task(session, task_id))


@task.command()
def explain(
    task_id: Annotated[str, typer.Argument(metavar="ID", help="Id of a task, or a part of it.")],
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Say why a task is not running, what would start it, and what keeps each node from taking it."""
    from skalds.cli.task_explain import show_explanation

    with_controller(url, as_json, lambda session: show_explanation(session, task_id))


@task.command()
def watch(
    ids: Annotated[
        list[str] | None, typer.Argument(metavar="ID", help="Ids of tasks; none: all that have not ended.")
    ] = None,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Follow tasks until they have ended. Exit status 0 if all Finished, else 1."""
    from skalds.cli.task_watch import watch_tasks

    with_controller(url, as_json, lambda session: watch_tasks(session, ids or []))


@task.command()
def wait(
    ids: Ids,
    timeout: Annotated[float | None, typer.Option(min=0, metavar="SECONDS", help="Give up after this long.")] = None,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Wait until tasks have ended. Exit status 0 if all Finished, 1 if some did not, 124 after the timeout."""
    from skalds.cli.task_wait import wait_tasks

    with_controller(url, as_json, lambda session: wait_tasks(session, ids, timeout))


@task.command()
def cancel(ids: Ids, url: Url = None, as_json: AsJson = False) -> None:
    """End tasks for good and stop their runs."""
    _steer("cancel", ids, url, as_json)


@task.command()
def pause(ids: Ids, url: Url = None, as_json: AsJson = False) -> None:
    """Keep waiting tasks from starting, suspend running ones."""
    _steer("pause", ids, url, as_json)


@task.command()
def resume(ids: Ids, url: Url = None, as_json: AsJson = False) -> None:
    """Let paused tasks go on."""
    _steer("resume", ids, url, as_json)


@task.command()
def requeue(ids: Ids, url: Url = None, as_json: AsJson = False) -> None:
    """Run tasks that have ended once more."""
    _steer("requeue", ids, url, as_json)


def _steer(command: str, ids: list[str], url: str | None, as_json: bool) -> None:
    from skalds.cli.task_steer import steer_tasks

    with_controller(url, as_json, lambda session: steer_tasks(session, command, ids))
