"""`interlock stop`: set, clear, show."""

import re
from collections.abc import Iterator
from typing import Any

import click

from interlock.cli import show
from interlock.cli.exits import UsageProblem
from interlock.cli.options import connected, examples, why_option
from interlock.cli.stage import Stage

EVERYTHING = "everything"
PREFIX = "stop#"
_SCOPE = re.compile(r"everything|(workflow|target):[a-z][a-z0-9_]{0,63}")
SCOPE = click.argument("scope", default=EVERYTHING)
CHANGED = "{scope, stopped, changed, by, why}"


@click.group()
def stop() -> None:
    """Set, clear and show emergency stops; the gate of every send reads them.

    SCOPE is `everything`, `workflow:NAME` or `target:NAME` (a model target or a system).
    """


@stop.command(
    "set", epilog=examples('interlock stop set target:crm --why "CRM is wrong"', shape=CHANGED)
)
@SCOPE
@why_option
@connected
def set_(stage: Stage, scope: str, *, why: str, as_json: bool) -> None:
    """Stop: nothing is sent within the scope from now on, and no run admitted."""
    _change(stage, scope, why, stopped=True, as_json=as_json)


@stop.command(
    "clear", epilog=examples('interlock stop clear target:crm --why "mended"', shape=CHANGED)
)
@SCOPE
@why_option
@connected
def clear(stage: Stage, scope: str, *, why: str, as_json: bool) -> None:
    """Clear a stop; held runs go on within a minute."""
    _change(stage, scope, why, stopped=False, as_json=as_json)


def _change(stage: Stage, scope: str, why: str, *, stopped: bool, as_json: bool) -> None:
    if not _SCOPE.fullmatch(scope):
        raise UsageProblem(
            f"{scope} is no scope", "a scope is everything, workflow:NAME or target:NAME"
        )
    request = {"scope": scope, "stopped": stopped, "by": stage.person, "why": why}
    with show.working("telling the control plane"):
        answer = stage.invoke("set_stop", request)
    if as_json:
        show.as_json({**answer, "by": stage.person, "why": why})
        return
    if not answer["changed"]:
        show.line(f"{scope} {'is stopped' if stopped else 'was not stopped'} already")
        return
    word = show.plain("stopped", "bold red") if stopped else show.plain("cleared", "green")
    show.line(scope, " is ", word, f" ({stage.where})")
    if stopped:
        show.line(f"next: interlock stop clear {scope} --why TEXT")


@stop.command(
    "show",
    epilog=examples(
        "interlock stop show", shape="{complete, stops: [{scope, stopped, at, by, why}]}"
    ),
)
@connected
def show_(stage: Stage, *, as_json: bool) -> None:
    """Show which stops are set, and which were.

    Without the right to scan the ledger, scopes are looked up by name: everything, and the
    workflows of this week's runs with the targets and systems they may use.
    """
    with show.working("reading the stops"):
        complete, found = _stops(stage)
    stops = [_stop(item) for item in found]
    stops.sort(key=lambda told: (not told["stopped"], told["scope"]))
    if as_json:
        show.as_json({"complete": complete, "stops": stops})
        return
    if not any(told["stopped"] for told in stops):
        show.line("nothing is stopped", f" ({stage.where})")
    columns = [
        show.Column("scope"),
        show.Column("state"),
        show.Column("since (UTC)", 7),
        show.Column("by", 5),
        show.Column("why", 6),
    ]
    rows = [
        (
            told["scope"],
            show.plain("stopped", "bold red") if told["stopped"] else "cleared",
            told["at"][:19].replace("T", " "),
            told["by"],
            told["why"],
        )
        for told in stops
    ]
    if rows:
        show.table(columns, rows)
    if not complete:
        show.note("you may not scan the ledger: a stop of another scope would not show here")


def _stop(item: dict[str, Any]) -> dict[str, Any]:
    return {
        "scope": str(item["pk"]).removeprefix(PREFIX),
        "stopped": bool(item.get("stopped")),
        **{key: str(item.get(key, "")) for key in ("at", "by", "why")},
    }


def _stops(stage: Stage) -> tuple[bool, list[dict[str, Any]]]:
    """Return whether the list is complete, and the stop items."""
    from botocore.exceptions import ClientError

    from functions.core.services.sending import stop_ref

    try:
        keys = list(_scanned(stage))
        complete = True
    except ClientError as error:
        if "AccessDenied" not in error.response["Error"]["Code"]:
            raise
        keys, complete = sorted(set(_guessed(stage))), False
    found = [stage.store.get(stop_ref(scope)) for scope in keys]
    return complete, [item for item in found if item is not None]


def _scanned(stage: Stage) -> Iterator[str]:
    pages = (
        stage.client("dynamodb")
        .get_paginator("scan")
        .paginate(
            TableName=stage.table("ledger"),
            FilterExpression="begins_with(pk, :prefix)",
            ExpressionAttributeValues={":prefix": {"S": PREFIX}},
            ProjectionExpression="pk",
        )
    )
    for page in pages:
        yield from (item["pk"]["S"].removeprefix(PREFIX) for item in page["Items"])


def _guessed(stage: Stage) -> Iterator[str]:
    from interlock.cli.event_text import live_document, live_workflow
    from interlock.cli.listing import newest_runs

    yield EVERYTHING
    for name in {run.workflow for run in newest_runs(stage)}:
        yield f"workflow:{name}"
        for operation in live_workflow(stage, name)["uses"]["operations"]:
            yield f"target:{operation.partition('.')[0]}"
    for target in live_document(stage, "models", "models")["targets"]:
        yield f"target:{target}"
