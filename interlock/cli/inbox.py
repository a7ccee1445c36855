"""`interlock inbox`: what waits for a person."""

import click

from interlock.cli import show
from interlock.cli.options import connected, examples
from interlock.cli.stage import Stage


@click.command(
    "inbox",
    epilog=examples(
        "interlock inbox",
        shape="{waiting: [{id, run, step, workflow, approval, purpose, why, amount, hash,\n"
        "  operation, target, since, until, on_expiry, approvers, groups, quorum, approved_by,\n"
        "  usd, decision, command}]}",
    ),
)
@connected
def inbox(stage: Stage, *, as_json: bool) -> None:
    """List what waits for a person, the most urgent first.

    What is to be done, why somebody is asked, since and until when, who may decide, what it
    costs (the amount itself, and the model calls so far), and what to type.
    """
    from interlock.cli.waiting import waiting

    with show.working("reading what waits"):
        found = waiting(stage)
    if as_json:
        show.as_json({"waiting": [entry.as_json() for entry in found]})
        return
    if not found:
        show.line("nothing waits for anybody", f" ({stage.where})")
        return
    columns = [
        show.Column("id"),
        show.Column("what"),
        show.Column("amount", 8, right=True),
        show.Column("why", 7),
        show.Column("who may decide", 6),
        show.Column("since (UTC)", 3),
        show.Column("until (UTC)", 5),
        show.Column("model cost", 2, right=True),
    ]
    rows = [
        (
            entry.id,
            entry.what,
            str(entry.item["amount"]),
            ", ".join(entry.item["why"]).lower().replace("_", " "),
            entry.who,
            entry.item["parked_at"][:16].replace("T", " "),
            entry.item["expires_at"][:16].replace("T", " "),
            show.dollars(entry.usd),
        )
        for entry in found
    ]
    show.table(columns, rows)
    show.line("next: ", show.plain(found[0].command, "bold"))
