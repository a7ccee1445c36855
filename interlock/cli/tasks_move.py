"""`interlock tasks promote` and `rollback`: which version new runs use."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from interlock.cli import show
from interlock.cli.exits import NotFound, UsageProblem
from interlock.cli.options import connected, examples, why_option
from interlock.cli.stage import Stage
from interlock.cli.tasks_diff import KIND, NAME, say, say_breaks, workflows_with

if TYPE_CHECKING:
    from interlock.cli.versions import Definition

SHAPE = """\
{kind, name, label, share, version, before, changed, by, why, diff: [line],
 breaks: [{part, pointer, what}]}; share is the canary's, else null"""
VERSION = click.argument("version", required=False)
NEWEST = click.option("--latest", is_flag=True, help="The version that was published last.")
SHARE = click.option(
    "--canary",
    "share",
    type=click.IntRange(1, 99),
    metavar="PERCENT",
    help="Only this share of new runs; the others go on with what is live.",
)
END = click.option("--canary", is_flag=True, help="End the canary: all new runs take what is live.")
DRY = click.option("--dry-run", is_flag=True, help="Only show what would change.")
_MOVE = "move_label"


@click.command(
    "promote",
    epilog=examples(
        'interlock tasks promote classify_ticket --latest --why "fewer wrong refunds"',
        'interlock tasks promote classify_ticket 91b760952513 --canary 10 --why "a cheaper model"',
        'interlock tasks promote classify_ticket --why "as good as before for a week"',
        shape=SHAPE,
    ),
)
@NAME
@VERSION
@NEWEST
@SHARE
@DRY
@KIND
@why_option
@connected
def promote(
    stage: Stage,
    name: str,
    version: str | None,
    *,
    latest: bool,
    share: int | None,
    dry_run: bool,
    kind: str,
    why: str,
    as_json: bool,
) -> None:
    """Make a version live, or a canary, and show what changes; runs under way keep theirs.

    Without VERSION it is the canary that is made live. With --canary and without VERSION it is
    the canary whose share changes or, where there is none, the version that was published last.

    Which runs are in the share is a function of their names, decided once, at admission. A label
    that somebody else moved meanwhile is not moved: you are told who did, and when.
    """
    asked = Wanted(kind, name, version, latest=latest, share=share)
    promote_to(stage, asked, why, dry_run=dry_run, as_json=as_json)


@dataclass(frozen=True)
class Wanted:
    """What somebody wants to be live, or a canary."""

    kind: str
    name: str
    version: str | None
    latest: bool = False
    share: int | None = None


def promote_to(stage: Stage, asked: Wanted, why: str, *, dry_run: bool, as_json: bool) -> None:
    """Make a version live, or a canary; show what changes."""
    from interlock.cli.versions import LATEST, read_definition

    version, latest, share, name = asked.version, asked.latest, asked.share, asked.name
    if version and latest:
        raise UsageProblem("say either VERSION or --latest")
    with show.working("reading the catalog"):
        found = read_definition(stage, asked.kind, name)
        wanted = found.find(LATEST if latest else version or _unsaid(found, share))
    move = _Move(stage, found, why, as_json=as_json)
    if share is None:
        move.show("live", wanted, found.live_version)
        changed = wanted != found.live_version
        move.do({"version": wanted}, changed=changed, dry_run=dry_run)
        return
    if wanted == found.live_version:
        raise UsageProblem(f"{name} {wanted[:12]} is live already, for all runs")
    move.show("canary", wanted, found.canary_version, share)
    canary = (found.canary_version, found.canary and int(found.canary["share"]))
    moved = {"version": wanted, "label": "canary", "share": share}
    move.do(moved, changed=canary != (wanted, share), dry_run=dry_run)


def _unsaid(found: "Definition", share: int | None) -> str:
    """Return the version that is meant where none is said."""
    if found.canary_version:
        return found.canary_version
    if share is None:
        raise UsageProblem(
            f"{found.name} has no canary that could be made live: say VERSION or --latest"
        )
    return found.versions[0].version


@click.command(
    "rollback",
    epilog=examples(
        'interlock tasks rollback classify_ticket --why "wrong refunds since noon"',
        'interlock tasks rollback classify_ticket --canary --why "slower, and no better"',
        shape=SHAPE,
    ),
)
@NAME
@END
@DRY
@KIND
@why_option
@connected
def rollback(
    stage: Stage,
    name: str,
    *,
    canary: bool,
    dry_run: bool,
    kind: str,
    why: str,
    as_json: bool,
) -> None:
    """Make live again what was live before; runs under way keep their version.

    It is the version that was live before the present one was promoted. A second rollback leads
    one further back: never to a version that somebody rolled back from.
    """
    roll_back(stage, kind, name, why, canary=canary, dry_run=dry_run, as_json=as_json)


def roll_back(
    stage: Stage, kind: str, name: str, why: str, *, canary: bool, dry_run: bool, as_json: bool
) -> None:
    """Make live again what was live before, or end the canary; show what changes."""
    from functions.core.domain.labels import rolled_back_to
    from interlock.cli.versions import read_definition

    with show.working("reading the catalog"):
        found = read_definition(stage, kind, name)
    move = _Move(stage, found, why, as_json=as_json)
    if canary:
        if not found.canary_version:
            raise NotFound(f"{name} has no canary", f"see: interlock tasks show {name}")
        move.show("canary", "", found.canary_version)
        move.do({"label": "canary"}, changed=True, dry_run=dry_run)
        return
    moves = [vars(one) for one in reversed(found.history) if one.label == "live"]
    version = rolled_back_to(moves)
    if version is None:
        raise NotFound(f"{name}: nothing was live before what is live now")
    move.show("live", version, found.live_version)
    move.do({"rollback": True}, changed=True, dry_run=dry_run)


class _Move:
    """One move of a label: what it changes, then the move itself, as the function does it."""

    def __init__(self, stage: Stage, found: "Definition", why: str, *, as_json: bool) -> None:
        self._stage = stage
        self._found = found
        self._why = why
        self._as_json = as_json
        self._told: dict[str, Any] = {}

    def show(self, label: str, version: str, before: str, share: int | None = None) -> None:
        """Show what differs for the runs that the move concerns."""
        from interlock.cli.breaking import breaks
        from interlock.cli.versions import difference

        found, live = self._found, self._found.live_version
        # a canary, and its end, are compared with what the other runs take
        old, new = {
            "live": (live, version),
            "canary": (live, version) if version else (before, live),
        }[label]
        documents = [found.document(one) if one else {} for one in (old, new)]
        lines, broken = difference(*documents), breaks(*documents)
        self._told = {
            **{"kind": found.kind, "name": found.name, "label": label, "share": share},
            **{"version": version, "before": before, "diff": lines},
            "breaks": [one.as_json() for one in broken],
        }
        if not self._as_json:
            say(lines)
            if broken:
                say_breaks(broken, workflows_with(self._stage, found.name))

    def do(self, asked: dict[str, Any], *, changed: bool, dry_run: bool) -> None:
        """Move the label, unless it is there already; say so."""
        found, by = self._found, self._stage.person
        if changed and not dry_run:
            saw = {"live": found.live_version, "canary": found.canary_version}
            named = {"kind": found.kind, "name": found.name, "by": by, "why": self._why}
            self._stage.invoke(_MOVE, {**named, **asked, "saw": saw})
        if self._as_json:
            done = {"changed": changed and not dry_run, "by": by, "why": self._why}
            show.as_json({**self._told, **done})
        else:
            show.line(_sentence(self._told, changed=changed, dry_run=dry_run))


def _sentence(told: dict[str, Any], *, changed: bool, dry_run: bool) -> str:
    name, version, before = told["name"], told["version"][:12], told["before"][:12]
    would = "would be" if dry_run else "is now"
    if told["label"] == "canary" and not version:
        return f"{name}: the canary {before} {'would end' if dry_run else 'has ended'}"
    what = f"a canary for {told['share']} % of new runs" if told["share"] else "live"
    if not changed:
        return f"{name} {version} is {what} already"
    place = f", in place of {before or 'none'}" if before or told["label"] == "live" else ""
    return f"{name} {version} {would} {what}{place}"
