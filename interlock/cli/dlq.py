"""`interlock dlq`: what was given up after its retries: list, show, replay, discard."""

from collections.abc import Mapping
from typing import Any

import click

from interlock.cli import csv_text, show
from interlock.cli.csv_text import csv_option
from interlock.cli.exits import NotFound, UsageProblem
from interlock.cli.options import connected, examples, why_option
from interlock.cli.stage import Stage

FUNCTION = "redrive_message"
SHORT = 8
FACTS = ("queue", "message", "sent_at", "workflow", "replayable", "bytes", "error")
LETTER = "{queue: intake|undelivered, message, sent_at, workflow, replayable, bytes, error}"
MESSAGE = click.argument("message", metavar="MESSAGE")


@click.group()
def dlq() -> None:
    """See what was given up after its retries; put it through the door again, or discard it.

    Two queues: `intake`, what the door failed on again and again; `undelivered`, what a rule, a
    schedule or a stream could not hand over. MESSAGE may be shortened to a start that only one
    has. Whoever looks hides them from others for a moment.
    """


@dlq.command("list", epilog=examples("interlock dlq list", shape=f"{{letters: [{LETTER}]}}"))
@csv_option
@connected
def list_(stage: Stage, *, as_csv: bool, as_json: bool) -> None:
    """List dead letters, the oldest first."""
    with show.working("looking at the dead letters"):
        found = _letters(stage)
    if as_json:
        show.as_json({"letters": found})
        return
    if as_csv:
        csv_text.write(FACTS, [[one[name] for name in FACTS] for one in found])
        return
    if not found:
        show.note(f"there are none ({stage.where})")
        return
    columns = [
        show.Column("message"),
        show.Column("queue"),
        show.Column("sent (UTC)", 7),
        show.Column("workflow", 8),
        show.Column("replayable", 6),
        show.Column("bytes", 2, right=True),
        show.Column("error", 5),
    ]
    rows = [
        (
            one["message"][:SHORT],
            one["queue"],
            one["sent_at"][:19].replace("T", " "),
            one["workflow"],
            "yes" if one["replayable"] else "no",
            one["bytes"],
            one["error"],
        )
        for one in found
    ]
    show.table(columns, rows)


@dlq.command(
    "show", epilog=examples("interlock dlq show 4f1c9a --raw", shape=f"{LETTER} and raw, if asked")
)
@MESSAGE
@click.option("--raw", is_flag=True, help="The text too; it may be personal.")
@connected
def show_(stage: Stage, message: str, *, raw: bool, as_json: bool) -> None:
    """Show a dead letter: where it lies, since when and why, and its text if --raw asks."""
    with show.working("looking at the dead letters"):
        one = _find(stage, message)
        found = stage.invoke(FUNCTION, _asked("show", one)) if raw else one
    if as_json:
        told = {name: found[name] for name in FACTS}
        show.as_json({**told, **({"raw": found["body"]} if raw else {})})
        return
    show.line(found["message"])
    show.line(f"in {found['queue']}, sent {found['sent_at']}, {found['bytes']} bytes")
    if found["error"]:
        show.line("given up: ", found["error"])
    if raw:
        show.raw(found["body"])
    short = found["message"][:SHORT]
    verb = f"replay {short}" if found["replayable"] else f'discard {short} --why "…"'
    show.line("next: ", show.plain(f"interlock dlq {verb}", "bold"))


@dlq.command("replay", epilog=examples("interlock dlq replay 4f1c9a", shape=LETTER))
@MESSAGE
@connected
def replay(stage: Stage, message: str, *, as_json: bool) -> None:
    """Put a dead letter through the door again, as it was.

    Mend the cause first. What the door has taken already is the same run.
    """
    with show.working("replaying"):
        told = stage.invoke(FUNCTION, _asked("replay", _find(stage, message)))
    if as_json:
        show.as_json(told)
        return
    show.line(f"{told['message']} is queued again for {told['workflow']}")
    show.line("see: interlock runs list; what does not fit: interlock events list")


@dlq.command(
    "discard",
    epilog=examples(
        'interlock dlq discard 4f1c9a --why "a test"', shape=f"{LETTER} and refused, by, why"
    ),
)
@MESSAGE
@why_option
@connected
def discard(stage: Stage, message: str, *, why: str, as_json: bool) -> None:
    """Take a dead letter out of its queue; who and why stand where refused events stand.

    It stays there as long as a refused event does, and can be replayed from there.
    """
    with show.working("discarding"):
        asked = _asked("discard", _find(stage, message))
        told = stage.invoke(FUNCTION, {**asked, "by": stage.person, "why": why})
    if as_json:
        show.as_json({**told, "by": stage.person, "why": why})
        return
    show.line(f"{told['message']} is discarded, and kept as {told['refused'][:SHORT]}")
    show.line(f"see: interlock events show {told['refused'][:SHORT]}")


def _letters(stage: Stage) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = stage.invoke(FUNCTION, {"action": "list"})["letters"]
    return found


def _find(stage: Stage, start: str) -> Mapping[str, Any]:
    found = [one for one in _letters(stage) if one["message"].startswith(start)]
    if not found:
        raise NotFound(f"no dead letter is called {start}", "see what there is: interlock dlq list")
    if len(found) > 1:
        raise UsageProblem(f"{start} may mean {len(found)} letters", "say more of it")
    return found[0]


def _asked(action: str, letter: Mapping[str, Any]) -> dict[str, Any]:
    return {"action": action, "queue": letter["queue"], "message": letter["message"]}
