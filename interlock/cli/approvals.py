"""`interlock approvals`: show, approve, reject, edit."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from interlock.cli import show
from interlock.cli.exits import UsageProblem
from interlock.cli.options import connected, examples, why_option
from interlock.cli.stage import Stage

if TYPE_CHECKING:
    from interlock.cli.signed import Signer
    from interlock.cli.waiting import Waiting

F = TypeVar("F", bound=Callable[..., Any])
SHAPE = (
    "{run, step, workflow, approval, purpose, why, amount, hash, first_hash, approvers,\n"
    "  groups, quorum, editable, on_expiry, parked_at, expires_at, approved_by, decision,\n"
    "  votes: [{by, verdict, at, why, edited_from, self_declared}],\n"
    "  you: {name, self_declared}, fields}"
)
ID = click.argument("id_", metavar="ID")


def identity_options(command: F) -> F:
    """Add --as and --group, for laptop clouds."""
    for option in (
        click.option(
            "--group",
            "groups",
            multiple=True,
            metavar="NAME",
            help="On a laptop cloud: a group of yours; those that are asked by default.",
        ),
        click.option(
            "--as",
            "name",
            metavar="NAME",
            help="On a laptop cloud: who you are; your login by default. On AWS IAM knows.",
        ),
    ):
        command = option(command)
    return command


@click.group()
def approvals() -> None:
    """Show what waits for a person, and decide on it.

    ID is what `interlock inbox` shows, or a run, or `last`. Decisions are signed with your AWS
    credentials, so that IAM says who decided; on a laptop cloud you are who you say, and the
    evidence says so.
    """


@approvals.command("show", epilog=examples("interlock approvals show last", shape=SHAPE))
@ID
@identity_options
@connected
def show_(
    stage: Stage, id_: str, *, name: str | None, groups: tuple[str, ...], as_json: bool
) -> None:
    """Show what is to be approved, in clear, to somebody who may decide."""
    entry, who, told = _look(stage, id_, name, groups)
    if as_json:
        show.as_json({"id": entry.id, **told})
        return
    _draw(entry, told)
    _say_who(who, told)
    if "decision" not in told:
        for verb in ("approve", "edit", "reject"):
            more = " --why TEXT" if verb != "approve" else ""
            show.line("  ", show.plain(f"interlock approvals {verb} {entry.id}{more}", "bold"))


@approvals.command("approve", epilog=examples("interlock approvals approve 3f9a01c2", shape=SHAPE))
@ID
@click.option("--why", default="", metavar="TEXT", help="A reason; it is put on record.")
@click.option("--shown", metavar="HASH", help="Approve only this content, by its hash.")
@identity_options
@connected
def approve(
    stage: Stage,
    id_: str,
    *,
    why: str,
    shown: str | None,
    name: str | None,
    groups: tuple[str, ...],
    as_json: bool,
) -> None:
    """Approve it as it is; the run goes on at once."""
    entry, who, told = _look(stage, id_, name, groups)
    said = {"verdict": "approve", "shown": shown or told["hash"], "why": why}
    _decide(stage, entry, who, said, as_json=as_json)


@approvals.command(
    "reject", epilog=examples('interlock approvals reject last --why "too much"', shape=SHAPE)
)
@ID
@why_option
@identity_options
@connected
def reject(
    stage: Stage,
    id_: str,
    *,
    why: str,
    name: str | None,
    groups: tuple[str, ...],
    as_json: bool,
) -> None:
    """Reject it: the step ends without being done."""
    entry, who, told = _look(stage, id_, name, groups)
    said = {"verdict": "reject", "shown": told["hash"], "why": why}
    _decide(stage, entry, who, said, as_json=as_json)


@approvals.command(
    "edit",
    epilog=examples(
        'interlock approvals edit last --set refund=80.00 --why "half of it"',
        "interlock approvals edit 3f9a01c2 --content corrected.json --why TEXT",
        shape=SHAPE,
    ),
)
@ID
@why_option
@click.option("--set", "changes", multiple=True, metavar="FIELD=VALUE", help="Change one field.")
@click.option(
    "--content",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A JSON object with the fields to change.",
)
@identity_options
@connected
def edit(
    stage: Stage,
    id_: str,
    *,
    why: str,
    changes: tuple[str, ...],
    content: Path | None,
    name: str | None,
    groups: tuple[str, ...],
    as_json: bool,
) -> None:
    """Approve it with other content: --set, --content, or what you make of it in $EDITOR."""
    entry, who, told = _look(stage, id_, name, groups)
    given = {field: told["fields"][field] for field in told["editable"] if field in told["fields"]}
    new = _changed(given, changes, content)
    fields = {field: value for field, value in new.items() if given.get(field) != value}
    if not fields:
        raise UsageProblem("nothing was changed", f"interlock approvals approve {entry.id}")
    said = {"verdict": "approve", "shown": told["hash"], "why": why, "fields": fields}
    _decide(stage, entry, who, said, as_json=as_json)


def _changed(
    given: dict[str, Any], changes: tuple[str, ...], content: Path | None
) -> dict[str, Any]:
    if changes:
        pairs = [change.partition("=") for change in changes]
        if any(not mark for _, mark, _ in pairs):
            raise UsageProblem("--set takes FIELD=VALUE")
        return {**given, **{field: value for field, _, value in pairs}}
    text = content.read_text(encoding="utf-8") if content else _edited(given)
    try:
        new = json.loads(text)
    except ValueError:
        new = None
    if not isinstance(new, dict):
        raise UsageProblem("the content is no JSON object")
    return {**given, **new}


def _edited(given: dict[str, Any]) -> str:
    text = json.dumps(given, indent=2, ensure_ascii=False)
    changed = click.edit(text, extension=".json")
    return text if changed is None else changed


def _look(
    stage: Stage, id_: str, name: str | None, groups: tuple[str, ...]
) -> "tuple[Waiting, Signer, dict[str, Any]]":
    from interlock.cli.signed import ask, signer
    from interlock.cli.waiting import find

    with show.working("reading what waits"):
        entry = find(stage, id_)
        who = signer(stage, name, groups or entry.item["groups"])
        return entry, who, ask(stage, who, entry.place)


def _decide(
    stage: Stage, entry: "Waiting", who: "Signer", said: dict[str, Any], *, as_json: bool
) -> None:
    from interlock.cli.signed import tell

    with show.working("deciding"):
        told = tell(stage, who, {**entry.place, **said})
    if as_json:
        show.as_json({"id": entry.id, **told})
        return
    decision = told.get("decision")
    if decision is None:
        show.line(f"{entry.id}: one of {told['quorum']} approvals; somebody else has to look too")
    else:
        style = "green" if decision["verdict"] == "approved" else "red"
        verdict = show.plain(decision["verdict"], style)
        show.line(f"{entry.id} is ", verdict, f" by {decision['by']} ({decision['reason']})")
    _say_who(who, told)
    show.line("next: ", show.plain(f"interlock runs show {told['run']}", "bold"))


def _say_who(who: "Signer", told: dict[str, Any]) -> None:
    if told["you"]["self_declared"]:
        show.note(f"on a laptop cloud you are who you say: {who.declared} (self-declared)")


def _draw(entry: "Waiting", told: dict[str, Any]) -> None:
    decided = "decision" in told
    rows: list[tuple[str, Any]] = [
        ("what", entry.what),
        ("purpose", told["purpose"]),
        ("why asked", ", ".join(told["why"]).lower().replace("_", " ")),
        ("amount", told["amount"]),
        ("run", told["run"]),
        ("since", _time(told["parked_at"])),
        *(_decided(told) if decided else _waits(entry, told)),
        ("model cost", show.dollars(entry.usd)),
        ("content", told["hash"]),
        ("at first", told["first_hash"] if told["first_hash"] != told["hash"] else ""),
    ]
    for label, value in rows:
        if value:
            show.line(show.plain(f"{label:<12}", "dim"), str(value))
    editable = () if decided else told["editable"]
    for field, value in told["fields"].items():
        mark = "*" if field in editable else " "
        show.line(f"  {mark} {field}: ", show.plain(str(value), "bold"))
    if editable:
        show.note("* can be changed (interlock approvals edit)")


def _waits(entry: "Waiting", told: dict[str, Any]) -> list[tuple[str, str]]:
    return [
        ("until", f"{_time(told['expires_at'])}, then {told['on_expiry']}"),
        ("decides", entry.who),
        ("approved by", ", ".join(told["approved_by"])),
    ]


def _decided(told: dict[str, Any]) -> list[tuple[str, str]]:
    """Return who decided what, each person with their reason; or that time did."""
    decision = told["decision"]
    rows = [
        (
            vote["verdict"],
            f"by {vote['by']}, {_time(vote['at'])}"
            + (" with edit" if vote["edited_from"] else "")
            + (" (self-declared)" if vote["self_declared"] else "")
            + (f": {vote['why']}" if vote["why"] else ""),
        )
        for vote in told.get("votes", [])
    ]
    by_time = f"by {decision['by']}, {_time(decision['at'])} ({decision['reason']})"
    return rows or [(decision["verdict"], by_time)]


def _time(at: str) -> str:
    return f"{at[:19].replace('T', ' ')} UTC"
