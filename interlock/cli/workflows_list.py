"""`interlock workflows list`: what is declared here, or what a stage has."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click

from interlock.cli import csv_text, show
from interlock.cli.csv_text import csv_option
from interlock.cli.options import connection_options, examples, json_option, stage_of

if TYPE_CHECKING:
    from interlock.cli.stage import Stage

TITLES = ("name", "team", "owner", "purpose", "starts", "ai_tasks", "operations")
FIELDS = ("name", "team", "owner", "purpose")
CALLED = "another state machine"
"""What starts an external workflow."""


@click.command(
    "list",
    epilog=examples(
        "interlock workflows list",
        "interlock workflows list --deployed --stage prod",
        shape="{workflows: [{name, team, owner, purpose, starts: [text], ai_tasks: [name],\n"
        " operations: [name]}]}",
    ),
)
@click.option(
    "--deployed", "of_stage", is_flag=True, help="Those of the stage, in place of those declared."
)
@csv_option
@connection_options
@json_option
@click.pass_context
def list_(ctx: click.Context, *, of_stage: bool, as_csv: bool, as_json: bool) -> None:
    """List workflows: whose they are, what starts them, what they use."""
    with show.working("reading the workflows"):
        found = [_told(one) for one in (deployed(stage_of(ctx)) if of_stage else _declared())]
    if as_json:
        show.as_json({"workflows": found})
        return
    if as_csv:
        csv_text.write(TITLES, [[_joined(one[title]) for title in TITLES] for one in found])
        return
    if not found:
        show.note("there are none; make one: interlock workflows new NAME")
        return
    columns = [
        show.Column("workflow"),
        show.Column("team", 7),
        show.Column("starts by", 8),
        show.Column("AI tasks", 6),
        show.Column("operations", 5),
        show.Column("owner", 4),
        show.Column("purpose", 1),
    ]
    rows = [
        (
            one["name"],
            one["team"],
            ", ".join(one["starts"]),
            ", ".join(one["ai_tasks"]),
            ", ".join(one["operations"]),
            one["owner"],
            one["purpose"],
        )
        for one in found
    ]
    show.table(columns, rows)


def _joined(value: Any) -> str:
    return "; ".join(value) if isinstance(value, list) else str(value)


def _declared() -> list[Mapping[str, Any]]:
    from interlock.places import find

    return [one.definition.model_dump(mode="json") for one in find().load().workflows]


def deployed(stage: "Stage") -> list[Mapping[str, Any]]:
    """Return the live documents of the stage's workflows, by name."""
    from interlock.cli.event_text import live_workflow

    start = f"interlock-{stage.name}-wf-"
    pages = stage.client("stepfunctions").get_paginator("list_state_machines").paginate()
    names = [machine["name"] for page in pages for machine in page["stateMachines"]]
    return [
        live_workflow(stage, name.removeprefix(start))
        for name in sorted(names)
        if name.startswith(start)
    ]


def _told(document: Mapping[str, Any]) -> dict[str, Any]:
    return {
        **{name: document[name] for name in FIELDS},
        "starts": [
            *(_starts(trigger) for trigger in document["triggers"]),
            *([CALLED] if document.get("external") else []),
        ],
        "ai_tasks": list(document["uses"]["ai_tasks"]),
        "operations": list(document["uses"]["operations"]),
    }


def _starts(trigger: Mapping[str, Any]) -> str:
    if trigger["kind"] == "schedule":
        return f"{trigger['expression']} {trigger['timezone']}"
    return f"{'|'.join(trigger['source'])}: {'|'.join(trigger['detail_type']) or 'any'}"
