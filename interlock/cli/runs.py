"""`interlock runs`: list, show, why, logs, cancel."""

import click

from functions.core.domain.run import Status
from interlock.cli import show
from interlock.cli.csv_text import csv_option
from interlock.cli.exits import Exit
from interlock.cli.options import connected, examples, why_option
from interlock.cli.stage import Stage

RUN = click.argument("run", metavar="RUN")
RUN_SHAPE = """\
{run, workflow, workflow_version, team, status, reason, source, scheduled_time,
 started_at, admitted_at, ended_at, seconds, state, cancelled_by, cancelled_why,
 input, output, pins: {kind#name: version},
 pin_labels: {kind#name: label} of the pins that do not come from `live`,
 steps: [{step, kind, name, version, outcome, reason, started_at, ended_at, seconds,
   answer, attempts: [{number, mark, status, reason, target, model, input_tokens,
     output_tokens, usd, cached_from, saved_usd, saved_tokens,
     vote, partial: {input: missing or cut}}], proposal, waits: [{state, seconds}], by, why}],
 waits: [{state, seconds}],
 totals: {steps, attempts, models, input_tokens, output_tokens, model_usd,
   cached, saved_usd, saved_tokens},
 aws: {estimate, usd, step_functions_usd, lambda_usd, dynamodb_usd, s3_usd,
   events_and_queues_usd, region, prices_as_of, prices_source},
 evidence: {chains, records, sealed}, links: {supervisor, workflow}};
 links lead to the AWS console, and are none on a laptop cloud;
 aws and evidence are null where you may not read them"""


@click.group()
def runs() -> None:
    """See runs, say why one failed, cancel one.

    RUN may be shortened to a start or an end that only one run has; `last` is the newest, and
    FIELD=VALUE the newest whose input says so, such as ticket_id=T-1001.
    """


@runs.command(
    "list",
    epilog=examples(
        "interlock runs list --workflow triage_ticket --status FAILED",
        "interlock runs list --where ticket_id=T-1001",
        shape="{runs: [{run, workflow, status, reason, started_at, ended_at}]}",
    ),
)
@click.option("--workflow", default="", metavar="NAME", help="Only runs of this workflow.")
@click.option(
    "--status",
    default=None,
    metavar="STATUS",
    type=click.Choice([status.value for status in Status], case_sensitive=False),
    help="Only runs in this state, such as FAILED.",
)
@click.option(
    "--where",
    multiple=True,
    metavar="FIELD=VALUE",
    help="Only runs whose input says so; a field's name or its JSON pointer. Reads each run.",
)
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1), help="At most.")
@click.option(
    "--days", default=7, show_default=True, type=click.IntRange(1, 366), help="How far back."
)
@csv_option
@connected
def list_(
    stage: Stage,
    *,
    workflow: str,
    status: str | None,
    where: tuple[str, ...],
    limit: int,
    days: int,
    as_csv: bool,
    as_json: bool,
) -> None:
    """List runs, the newest first."""
    from interlock.cli import csv_text
    from interlock.cli.listing import Listed, newest_runs
    from interlock.cli.where import conditions, those_with

    wanted, most = conditions(where), 0 if where else limit
    with show.working("reading the newest runs"):
        found = newest_runs(stage, days=days, workflow=workflow, status=status or "", limit=most)
        found = those_with(stage, found, wanted, limit) if wanted else found
    if as_json:
        show.as_json({"runs": [run.as_json() for run in found]})
        return
    if as_csv:
        titles = list(Listed.__dataclass_fields__)
        csv_text.write(titles, [[one[title] for title in titles] for one in map(vars, found)])
        return
    if not found:
        show.note(f"no such runs in the last {days} days ({stage.where})")
        return
    columns = [
        show.Column("run"),
        show.Column("status"),
        show.Column("started (UTC)", 7),
        show.Column("ended", 3),
        show.Column("reason", 8),
    ]
    rows = [
        (
            run.run,
            show.word(run.status),
            run.started_at[:19].replace("T", " "),
            run.ended_at[11:19],
            run.reason,
        )
        for run in found
    ]
    show.table(columns, rows)


@runs.command(
    "show",
    epilog=examples(
        "interlock runs show last", "interlock runs show last --follow --check", shape=RUN_SHAPE
    ),
)
@RUN
@click.option("--check", is_flag=True, help="Exit with 1 unless the run succeeded.")
@click.option("--follow", "-f", is_flag=True, help="Wait until it is over, then draw it.")
@connected
def show_(stage: Stage, run: str, *, check: bool, follow: bool, as_json: bool) -> None:
    """Draw a run: its steps, attempts, waits, verdicts and what it cost.

    Dollars of models are what was booked; those of AWS are an estimate from the executions'
    histories and list prices.
    """
    from interlock.cli.listing import find_run
    from interlock.cli.run_drawing import draw
    from interlock.cli.run_view import look
    from interlock.cli.watching import until_over

    with show.working("reading the run") as say:
        name = find_run(stage, run)
        if follow:
            until_over(stage, name, say)
        view = look(stage, name)
    if as_json:
        show.as_json(view.as_json())
    else:
        draw(view)
    if check and view.status != Status.SUCCEEDED:
        raise click.exceptions.Exit(Exit.BAD)


@runs.command(
    "why",
    epilog=examples(
        "interlock runs why triage_ticket-texab",
        shape="{run, status, reason, what: [sentence], meaning, then, next: command}",
    ),
)
@RUN
@connected
def why(stage: Stage, run: str, *, as_json: bool) -> None:
    """Say in plain words why a run ended as it did, or what it waits for."""
    from interlock.cli.listing import find_run
    from interlock.cli.run_view import look
    from interlock.cli.run_why import explained

    with show.working("reading the run"):
        told = explained(look(stage, find_run(stage, run), accounts=False))
    if as_json:
        show.as_json(told.as_json())
        return
    for sentence in told.what:
        show.line(sentence)
    if told.meaning:
        show.line(told.meaning)
    if told.then:
        show.line(told.then)
    show.line("next: ", show.plain(told.next, "bold"))


@runs.command(
    "logs",
    epilog=examples(
        "interlock runs logs last", shape="{lines: [{at, function, level, message, fields}]}"
    ),
)
@RUN
@connected
def logs(stage: Stage, run: str, *, as_json: bool) -> None:
    """Show the log lines of functions that mention a run, the oldest first."""
    from interlock.cli.listing import find_run
    from interlock.cli.run_logs import read_logs
    from interlock.cli.run_view import read_items

    with show.working("searching the logs"):
        name = find_run(stage, run)
        item, _ = read_items(stage, name)
        found = read_logs(stage, name, str(item["started_at"]), str(item.get("ended_at", "")))
    if as_json:
        show.as_json({"lines": [line.as_json() for line in found]})
        return
    if not found:
        show.note("no function has logged that run's name (lines appear some seconds late on AWS)")
    for line in found:
        show.line(line.at[11:23], " ", show.plain(line.function, "cyan"), "  ", line.text)


@runs.command(
    "cancel",
    epilog=examples(
        'interlock runs cancel last --why "wrong customer"', shape="{run, status, by, why}"
    ),
)
@RUN
@why_option
@connected
def cancel(stage: Stage, run: str, *, why: str, as_json: bool) -> None:
    """Cancel a run: nothing is sent for it from here on.

    It is CANCELLED when nobody can still be sending; until then CANCELLING.
    """
    from interlock.cli.listing import find_run

    with show.working("cancelling"):
        name = find_run(stage, run)
        answer = stage.invoke("cancel_run", {"run": name, "by": stage.person, "why": why})
    if as_json:
        show.as_json({**answer, "by": stage.person, "why": why})
        return
    show.line(name, " is ", show.word(answer["status"]))
    if answer["status"] == Status.CANCELLING:
        show.line("a call may still be under way; see: interlock runs show ", name)
