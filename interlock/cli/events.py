"""`interlock events`: put, list, show, replay."""

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click

from functions.core.domain.run import Status
from interlock.cli import show
from interlock.cli.csv_text import csv_option
from interlock.cli.exits import Exit, NotFound
from interlock.cli.options import connected, examples
from interlock.cli.stage import Stage

if TYPE_CHECKING:
    from interlock.cli.following import Became, Sent

SHORT = 16
"""Characters of a hash that people need to tell refused events apart."""
HASH = click.argument("refused", metavar="HASH")
WAIT = click.option(
    "--wait", is_flag=True, help="Follow it until its run has ended, or waits for a person."
)
TIMEOUT = click.option(
    "--timeout",
    default=120.0,
    show_default=True,
    type=click.FloatRange(1),
    metavar="SECONDS",
    help="How long --wait follows.",
)
BECAME = (
    " became: {became: run|repeat|refused|unseen, status, reason, run, started_at,\n"
    "   ended_at} or {became, status, reason, refused, detail}, with --wait"
)


@click.group()
def events() -> None:
    """Put events on the bus; see and replay what the door refused.

    HASH may be shortened to a start that only one refused event has; `last` is the newest.
    """


@events.command(
    "put",
    epilog=examples(
        "interlock events put triage_ticket ticket.json --wait",
        'echo \'{"ticket_id": "T-1", ...}\' | interlock events put triage_ticket -',
        shape="{event_id, workflow, source, detail_type,\n" + BECAME + "}",
    ),
)
@click.argument("workflow")
@click.argument("file", required=False)
@click.option("--detail", metavar="JSON", help="The event's detail, in place of a file.")
@click.option("--source", default="", metavar="TEXT", help="In place of the workflow's own.")
@click.option("--detail-type", default="", metavar="TEXT", help="In place of the workflow's own.")
@WAIT
@TIMEOUT
@connected
def put(
    stage: Stage,
    *,
    workflow: str,
    file: str | None,
    detail: str | None,
    source: str,
    detail_type: str,
    wait: bool,
    timeout: float,
    as_json: bool,
) -> None:
    """Put an event that starts a workflow on the stage's bus.

    FILE (- is standard input) holds the event's detail, or a whole event with source,
    detail-type and detail. Whether it fits is for the door to say: with --wait you see its
    answer, and the exit code is 1 unless the run succeeds.
    """
    from interlock.cli.event_text import read_event
    from interlock.cli.put_event import put_event

    given = read_event(file, detail)
    with show.working("putting the event"):
        put = put_event(stage, workflow, given, source, detail_type)
    told: dict[str, Any] = {
        "event_id": put.event_id,
        "workflow": workflow,
        "source": put.event.source,
        "detail_type": put.event.detail_type,
    }
    if not as_json:
        show.line(f"event {put.event_id}: {put.event.detail_type}, from {put.event.source}")
    _answer(stage, told, put.sent if wait else None, timeout, as_json=as_json)


def _answer(
    stage: Stage, told: dict[str, Any], sent: "Sent | None", seconds: float, *, as_json: bool
) -> None:
    """Follow what was sent, if that is wanted, and say what became of it."""
    became = None
    if sent is not None:
        became = _follow(stage, sent, seconds)
        told["became"] = became.as_json()
    if as_json:
        show.as_json(told)
    elif became is None:
        show.line("see: interlock runs list; what does not fit: interlock events list")
    else:
        _say_became(became, seconds)
    if became is not None and not became.good:
        raise click.exceptions.Exit(Exit.BAD)


def _follow(stage: Stage, sent: "Sent", seconds: float) -> "Became":
    from interlock.cli.following import Following

    with show.working("following the event") as say:
        return Following(stage, sent, say).follow(seconds)


def _say_became(became: "Became", seconds: float) -> None:
    from interlock.cli.reasons import meaning_of

    if became.what == "unseen":
        show.line(f"nothing was seen of it in {seconds:g} s: does a rule match it?")
        show.line("next: interlock runs list")
        return
    if became.what == "refused":
        reason, detail = became.item["reason"], became.item.get("detail", "")
        show.line("refused: ", show.word(reason), f" {detail}".rstrip())
        for sentence in meaning_of(reason, "door"):
            if sentence:
                show.line(sentence)
        show.line(f"next: interlock events replay {became.name[:SHORT]} --event corrected.json")
        return
    if became.what == "repeat":
        show.line("a run of the same key exists already:")
    why = f" ({became.item['reason']})" if became.item.get("reason") else ""
    show.line(became.name, " ", show.word(became.status), why)
    if became.status == Status.WAITING:
        show.line("a person has to decide; next: interlock approvals show ", became.name)
        return
    show.line("next: interlock runs ", "show " if became.good else "why ", became.name)


@events.command(
    "list",
    epilog=examples(
        "interlock events list --days 30",
        shape="{refused: [{refused, at, reason, detail, workflow, bytes}]}",
    ),
)
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1), help="At most.")
@click.option(
    "--days", default=7, show_default=True, type=click.IntRange(1, 30), help="How far back."
)
@csv_option
@connected
def list_(stage: Stage, *, limit: int, days: int, as_csv: bool, as_json: bool) -> None:
    """List events that the door refused, the newest first."""
    from interlock.cli import csv_text
    from interlock.cli.event_text import refusals
    from interlock.cli.listing import newest_refused

    with show.working("reading what was refused"):
        found = [
            item
            for name, at in newest_refused(stage, days=days, limit=limit)
            for item in refusals(stage, name)
            if item["sk"] == at
        ]
    if as_json:
        show.as_json({"refused": [_refusal(item) for item in found]})
        return
    if as_csv:
        titles = ("refused", "at", "reason", "detail", "workflow", "bytes")
        csv_text.write(titles, [list(_refusal(item).values()) for item in found])
        return
    if not found:
        show.note(f"nothing was refused in the last {days} days ({stage.where})")
        return
    columns = [
        show.Column("refused"),
        show.Column("at (UTC)", 6),
        show.Column("workflow", 5),
        show.Column("reason"),
        show.Column("where", 7),
        show.Column("bytes", 2, right=True),
    ]
    rows = [
        (
            item["pk"][:SHORT],
            item["sk"][:19].replace("T", " "),
            item["workflow"],
            show.word(item["reason"]),
            item["detail"],
            item["bytes"],
        )
        for item in found
    ]
    show.table(columns, rows)


def _refusal(item: Mapping[str, Any]) -> dict[str, Any]:
    facts = {key: item.get(key, "") for key in ("reason", "detail", "workflow", "bytes")}
    return {"refused": item["pk"], "at": item["sk"], **facts}


@events.command(
    "show",
    epilog=examples(
        "interlock events show 3f9a --raw",
        shape="{refused, at: newest, times: [at], reason, detail, workflow, bytes, raw}",
    ),
)
@HASH
@click.option("--raw", is_flag=True, help="The text too, while it is kept; may be personal.")
@connected
def show_(stage: Stage, refused: str, *, raw: bool, as_json: bool) -> None:
    """Show a refused event: why, when, and its text if --raw asks for it."""
    from interlock.cli.event_text import refusals, refused_text
    from interlock.cli.listing import find_refused
    from interlock.cli.reasons import meaning_of

    with show.working("reading the refused event"):
        name = find_refused(stage, refused)
        items = refusals(stage, name)
        text = refused_text(stage, name) if raw else None
    newest = items[0]
    if raw and text is None:
        raise NotFound(
            "its text is not kept any more",
            f"interlock events replay {name[:SHORT]} --event FILE puts a corrected one",
        )
    if as_json:
        times = [item["sk"] for item in items]
        show.as_json({**_refusal(newest), "times": times, **({"raw": text} if raw else {})})
        return
    show.line(name)
    show.line(show.word(newest["reason"]), f" {newest['detail']}".rstrip())
    for sentence in meaning_of(newest["reason"], "door"):
        if sentence:
            show.line(sentence)
    show.line(f"for {newest['workflow'] or 'no known workflow'}, {newest['bytes']} bytes")
    for item in items:
        show.line("refused at ", item["sk"])
    if text is not None:
        show.raw(_pretty(text))
    show.line(f"next: interlock events replay {name[:SHORT]} --event corrected.json")


def _pretty(text: str) -> str:
    try:
        return json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    except ValueError:
        return text


@events.command(
    "replay",
    epilog=examples(
        "interlock events replay 3f9a --event corrected.json --wait",
        shape="{refused, workflow,\n" + BECAME + "}",
    ),
)
@HASH
@click.option("--event", "file", metavar="FILE", help="A corrected event, in place of the text.")
@click.option("--workflow", metavar="NAME", help="Another workflow than the refused text names.")
@WAIT
@TIMEOUT
@connected
def replay(
    stage: Stage,
    *,
    refused: str,
    file: str | None,
    workflow: str | None,
    wait: bool,
    timeout: float,
    as_json: bool,
) -> None:
    """Put a refused event through the door again, as it was or corrected."""
    from interlock.cli.event_text import live_workflow, read_event
    from interlock.cli.following import Sent, replay_id
    from interlock.cli.listing import find_refused

    corrected = read_event(file, None).value if file is not None else None
    with show.working("replaying"):
        name = find_refused(stage, refused)
        since = stage.now()
        answer = stage.invoke(
            "replay_event", {"refused": name, "workflow": workflow, "event": corrected}
        )
        document = live_workflow(stage, answer["workflow"]) if wait else {}
    if not as_json:
        show.line(f"queued again for {answer['workflow']}")
    sent = Sent(document, corrected or _event_of(stage, name), since, replay_id(name))
    _answer(stage, dict(answer), sent if wait else None, timeout, as_json=as_json)


def _event_of(stage: Stage, name: str) -> dict[str, Any] | None:
    """Return the event of a refused envelope, if we may read it and it is one."""
    from botocore.exceptions import ClientError

    from interlock.cli.event_text import refused_text

    try:
        found = json.loads(refused_text(stage, name) or "{}")
    except (ClientError, ValueError):
        return None
    event = found.get("event") if isinstance(found, dict) else None
    return event if isinstance(event, dict) else None
