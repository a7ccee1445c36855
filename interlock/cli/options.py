"""The options that every verb takes, before or after its noun."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import update_wrapper
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from interlock.cli.stage import Stage

F = TypeVar("F", bound=Callable[..., Any])
DEFAULT_STAGE = "dev"


@dataclass
class Wanted:
    """Where to talk to, as far as it was said."""

    stage: str = DEFAULT_STAGE
    endpoint: str | None = None
    cloud: str | None = None
    aws: bool = False


def _keep(ctx: click.Context, param: click.Parameter, value: Any) -> None:
    """Put an option's value where it was said into the context that all levels share."""
    source = ctx.get_parameter_source(param.name or "")
    if source is click.core.ParameterSource.DEFAULT:
        return
    if param.name == "debug":
        ctx.meta["interlock.debug"] = value
        return
    name, said = param.name or "", wanted(ctx)
    typed = source is click.core.ParameterSource.COMMANDLINE
    if typed or getattr(said, name) == getattr(Wanted(), name):
        setattr(said, name, value)


def wanted(ctx: click.Context) -> Wanted:
    """Return what was said so far about where to talk to."""
    found: Wanted = ctx.meta.setdefault("interlock.wanted", Wanted())
    return found


def connection_options(command: F) -> F:
    """Add --stage, --endpoint, --cloud, --aws, --debug; the command isn't given them."""
    for option in (
        click.option(
            "--debug", is_flag=True, expose_value=False, callback=_keep, help="Show tracebacks."
        ),
        click.option(
            "--aws",
            is_flag=True,
            expose_value=False,
            callback=_keep,
            help="Talk to AWS even if a laptop cloud runs.",
        ),
        click.option(
            "--cloud",
            metavar="ID",
            expose_value=False,
            callback=_keep,
            help="Talk to this laptop cloud; the newest one that `local up` left by default.",
        ),
        click.option(
            "--endpoint",
            metavar="URL",
            envvar="AWS_ENDPOINT_URL",
            expose_value=False,
            callback=_keep,
            help="Talk to this endpoint.",
        ),
        click.option(
            "--stage",
            metavar="NAME",
            envvar="INTERLOCK_STAGE",
            expose_value=False,
            callback=_keep,
            help=f"The stage; {DEFAULT_STAGE} by default.",
        ),
    ):
        command = option(command)
    return command


def json_option(command: F) -> F:
    """Add --json, given to the command as `as_json`."""
    return click.option(
        "--json",
        "as_json",
        is_flag=True,
        help="Answer as JSON.",
        callback=_remember_json,
    )(command)


def _remember_json(ctx: click.Context, param: click.Parameter, value: bool) -> bool:  # noqa: ARG001  (click's signature)
    if value:
        ctx.meta["interlock.json"] = True
    return value


def connected(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the common options and hand the command the stage it talks to, first."""

    @click.pass_context
    def call(ctx: click.Context, /, *args: Any, **kwargs: Any) -> Any:
        return ctx.invoke(command, stage_of(ctx), *args, **kwargs)

    return json_option(connection_options(update_wrapper(call, command)))


def stage_of(ctx: click.Context) -> "Stage":
    """Return the stage that was said, connected to."""
    from interlock.cli.stage import connect

    found = wanted(ctx)
    return connect(found.stage, endpoint=found.endpoint, cloud_id=found.cloud, aws=found.aws)


def why_option(command: F) -> F:
    """Add --why: who acts says the reason, and it is put on record."""
    return click.option(
        "--why", required=True, metavar="TEXT", help="The reason; it is put on record."
    )(command)


def examples(*lines: str, shape: str = "") -> str:
    """Return a help text's end: examples, and the shape of the answer as JSON."""
    told = ["Examples:" if len(lines) > 1 else "Example:", *(f"  {line}" for line in lines)]
    if shape:
        told += ["", "\b", "JSON:", *(f"  {line}" for line in shape.splitlines())]
    return "\b\n" + "\n".join(told)
