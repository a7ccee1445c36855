"""``interlock local …``: the laptop cloud, from the command line.

Exit codes are those of every command (`interlock.cli.exits`); 1 says that what stands in the
project can't be synthesized or brought up.
"""

from __future__ import annotations

import contextlib
import json
import shlex
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from interlock import places
from interlock.cli.exits import BadProject, NotFound, Refused, Unreachable, UsageProblem
from interlock.cli.options import json_option
from interlock.local.cloud import (
    Cloud,
    CloudDidNotStart,
    CloudRefused,
    NoSuchCloud,
    forget_ended,
    running,
)
from interlock.local.limits import LIMITS
from interlock.local.promotion import NotPromoted, promote_changed
from interlock.local.synth import SynthFailed, synthesize

_FOLLOW_SECONDS = 0.2

CLOUD = click.option(
    "--cloud", "identity", metavar="ID", help="Which cloud; the newest if left out."
)
STAGE = click.option("--stage", default="dev", show_default=True, help="The stage to synthesize.")


@click.group(help="A cloud on this laptop: the same templates, no AWS account, no Docker.")
@click.option(
    "--state",
    type=click.Path(path_type=Path, file_okay=False),
    default=None,
    show_default=".interlock",
    help="Folder that clouds keep everything in.",
)
@click.pass_context
def local(context: click.Context, state: Path | None) -> None:
    """Keep what every command needs."""
    context.obj = state or places.find().state


def _starting(command: Callable[..., None]) -> Callable[..., None]:
    options = (
        STAGE,
        click.option(
            "--clock",
            default="real",
            show_default=True,
            metavar="CLOCK",
            help="real, scaled:<n>, leaping (skips idle time) or tick (stands until ticked).",
        ),
        click.option(
            "--parameter",
            "parameters",
            multiple=True,
            metavar="NAME=VALUE",
            help="Value of a template parameter; repeatable.",
        ),
        click.option("--workers", default=2, show_default=True, help="Processes a function."),
        click.option(
            "--companions/--no-companions",
            default=True,
            show_default=True,
            help="Start the programs that stand for outside systems.",
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command


@local.command()
@_starting
@json_option
@click.pass_obj
def up(state: Path, /, *, as_json: bool, **options: Any) -> None:
    """Bring a cloud up and leave it running.

    Example: eval "$(interlock local up)"; aws stepfunctions list-state-machines
    """
    cloud = _started(state, detached=True, **options)
    if as_json:
        _print_json({"id": cloud.id, **cloud.described, "environment": cloud.environment})
        return
    _say(f"cloud {cloud.id} is up at {cloud.endpoint} after {cloud.described['seconds']} s")
    for name, url in cloud.described["companions"].items():
        _say(f"{name} listens at {url}")
    _say("end it with: interlock local down")
    for name, value in cloud.environment.items():
        click.echo(f"export {name}={shlex.quote(value)}")


@local.command()
@_starting
@click.pass_obj
def run(state: Path, /, **options: Any) -> None:
    """Run a cloud here and show its logs until Ctrl-C.

    Example: interlock local run --clock scaled:20
    """
    stop = threading.Event()
    with _started(state, detached=False, **options) as cloud:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: stop.set())
        _say(f"cloud {cloud.id} is up at {cloud.endpoint}; Ctrl-C ends it")
        for name, value in cloud.environment.items():
            _say(f"export {name}={shlex.quote(value)}")
        _follow(cloud, None, stop)
    _say(f"cloud {cloud.id} is down")


@local.command()
@click.option(
    "--cloud", "identity", metavar="ID", help="Which cloud; needed where several are running."
)
@click.option("--all", "everything", is_flag=True, help="End every cloud.")
@click.pass_obj
def down(state: Path, identity: str | None, *, everything: bool) -> None:
    """End a cloud; no process of it is left.

    Example: interlock local down --all
    """
    clouds = running(state) if everything else [_chosen_to_end(state, identity)]
    for cloud in clouds:
        cloud.stop()
        _say(f"cloud {cloud.id} is down")
    forget_ended(state)


@local.command()
@CLOUD
@json_option
@click.pass_obj
def status(state: Path, identity: str | None, *, as_json: bool) -> None:
    """Show what runs: stacks, functions, memory, and what IAM denied.

    Example: interlock local status --json
    """
    cloud = _attached(state, identity)
    found = cloud.status()
    if as_json:
        _print_json({"id": cloud.id, **found})
        return
    console = Console()
    for line in (
        f"cloud {cloud.id} at {found['endpoint']}, process {found['pid']}",
        f"clock {found['clock']}, now {found['now']}",
        f"memory {found['rss_kb'] // 1024} MB, {found['threads']} threads",
        f"IAM denied {found['denials']} requests (interlock local denials)",
    ):
        console.print(line, markup=False)
    table = Table("stack", "resources")
    for name, count in found["stacks"].items():
        table.add_row(name, str(count))
    console.print(table)
    console.print(_functions(found["functions"], found["workers"]))


@local.command()
@click.argument("function", required=False)
@click.option("--follow", "-f", is_flag=True, help="Go on until Ctrl-C.")
@CLOUD
@click.pass_obj
def logs(state: Path, function: str | None, identity: str | None, *, follow: bool) -> None:
    """Show what functions wrote; of one function, by its name or the end of it.

    Example: interlock local logs call_model --follow
    """
    cloud = _attached(state, identity)
    if function and not _chosen(cloud, function):
        known = ", ".join(sorted(cloud.logs()))
        raise NotFound(f"there is no log of {function}", f"there are: {known}")
    stop = threading.Event()
    if not follow:
        stop.set()
    with contextlib.suppress(KeyboardInterrupt):
        _follow(cloud, function, stop)


@local.command()
@STAGE
@CLOUD
@json_option
@click.pass_obj
def reload(state: Path, stage: str, identity: str | None, *, as_json: bool) -> None:
    """Take over what changed (prompts, handlers, machines) without a restart.

    Runs that are under way stay on the versions that they started with.

    Example: interlock local reload
    """
    cloud = _attached(state, identity)
    with _progress() as progress, _refusals():
        assembly = synthesize(places.find().root, stage=stage, state=state, progress=progress)
        progress("deploy what changed")
        found = cloud.reload(assembly)
        moved = promote_changed(cloud, places.find().load().compile_catalog(), stage=stage)
    if as_json:
        _print_json({**found, "promoted": [vars(promotion) for promotion in moved]})
        return
    for one in moved:
        _say(f"{one.kind} {one.name}: live moved from {one.before[:12]} to {one.version[:12]}")
    _say(f"cloud {cloud.id} runs {assembly.name} after {found['seconds']} s")


@local.command()
@click.argument("seconds", type=click.FloatRange(min=0))
@CLOUD
@click.pass_obj
def tick(state: Path, seconds: float, identity: str | None) -> None:
    """Move a ticking or scaled cloud's time on.

    Example: interlock local tick 3600
    """
    with _refusals():
        now = _attached(state, identity).tick(seconds)
    click.echo(time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now)))


@local.command()
@CLOUD
@json_option
@click.pass_obj
def denials(state: Path, identity: str | None, *, as_json: bool) -> None:
    """Show what IAM denied: a machine's Catch would hide it.

    Example: interlock local denials
    """
    found = _attached(state, identity).get("denials")
    if as_json:
        _print_json(found)
        return
    for denial in found:
        click.echo(" ".join(f"{key}={value}" for key, value in denial.items()))


@local.command()
@json_option
def limits(*, as_json: bool) -> None:
    """Show what differs from AWS where one would believe otherwise.

    Example: interlock local limits --json
    """
    if as_json:
        _print_json([limit.as_json() for limit in LIMITS])
        return
    table = Table("area", "on this laptop", "on AWS", show_lines=True)
    for limit in LIMITS:
        table.add_row(limit.area, limit.here, limit.on_aws)
    Console().print(table)


def _started(
    state: Path,
    *,
    detached: bool,
    stage: str,
    clock: str,
    parameters: tuple[str, ...],
    workers: int,
    companions: bool,
) -> Cloud:
    values = dict(_pair(text) for text in parameters)
    forget_ended(state)
    with _progress() as progress, _refusals():
        assembly = synthesize(places.find().root, stage=stage, state=state, progress=progress)
        return Cloud.start(
            assembly,
            state,
            clock=clock,
            parameters=values,
            companions=companions,
            detached=detached,
            workers=workers,
            progress=progress,
        )


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise click.BadParameter(f"{text} is not NAME=VALUE", param_hint="--parameter")
    return name, value


def _attached(state: Path, identity: str | None) -> Cloud:
    with _refusals():
        return Cloud.attach(state, identity)


def _chosen_to_end(state: Path, identity: str | None) -> Cloud:
    """Return the cloud that was named, or the only one: nobody ends another's by a guess."""
    clouds = running(state)
    if identity is None and len(clouds) > 1:
        known = ", ".join(f"{cloud.id} at {cloud.endpoint}" for cloud in clouds)
        raise UsageProblem(
            f"{len(clouds)} clouds are running: {known}", "say which with --cloud ID, or --all"
        )
    return _attached(state, identity)


@contextlib.contextmanager
def _refusals() -> Iterator[None]:
    """Read what the laptop cloud raises as problems with their exit codes."""
    try:
        yield
    except NoSuchCloud as error:
        raise Unreachable(str(error)) from error
    except (CloudRefused, NotPromoted) as error:
        raise Refused(str(error)) from error
    except (CloudDidNotStart, SynthFailed) as error:
        raise BadProject(str(error)) from error


@contextlib.contextmanager
def _progress() -> Iterator[Callable[[str], None]]:
    """Show the present step while something takes long; say nothing where output is piped."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda _: None
        return
    with console.status("start") as shown:
        yield shown.update


def _functions(counted: Mapping[str, Any], workers: list[Mapping[str, Any]]) -> Table:
    table = Table("function", "invocations", "failures", "mean ms", "processes")
    for name, one in counted.items():
        mean = one["milliseconds"] / one["invocations"] if one["invocations"] else 0.0
        alive = sum(worker["function"] == name for worker in workers)
        table.add_row(
            name, str(one["invocations"]), str(one["failures"]), f"{mean:.1f}", str(alive)
        )
    return table


def _chosen(cloud: Cloud, function: str | None) -> dict[str, Path]:
    found = cloud.logs()
    if function is None:
        return found
    return {n: path for n, path in found.items() if n == function or n.endswith(f"-{function}")}


def _follow(cloud: Cloud, function: str | None, stop: threading.Event) -> None:
    """Print what log files hold, and what they come to hold until `stop` is set."""
    read: dict[str, int] = {}
    while True:
        last = stop.is_set()
        for name, path in _chosen(cloud, function).items():
            with path.open(encoding="utf-8", errors="replace") as file:
                file.seek(read.get(name, 0))
                for line in file:
                    click.echo(f"{name} | {_harmless(line.rstrip())}")
                read[name] = file.tell()
        if last or (cloud.process is not None and cloud.process.poll() is not None):
            return
        stop.wait(_FOLLOW_SECONDS)


def _harmless(text: str) -> str:
    """Return text that can't steer a terminal: functions print what strangers wrote."""
    return "".join(c if c.isprintable() or c == "\t" else f"\\x{ord(c):02x}" for c in text)


def _print_json(value: Any) -> None:
    click.echo(json.dumps(value, indent=2))


def _say(text: str) -> None:
    click.echo(text, err=True)
