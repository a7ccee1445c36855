"""`interlock policies publish`, `promote` and `rollback`: another policy without a deployment."""

import click

from interlock.cli import show
from interlock.cli.options import connected, examples, why_option
from interlock.cli.stage import Stage
from interlock.cli.tasks_diff import NAME, say
from interlock.cli.tasks_move import (
    DRY,
    END,
    NEWEST,
    SHAPE,
    SHARE,
    VERSION,
    Wanted,
    promote_to,
    roll_back,
)

_KIND = "policy"


@click.command(
    "publish",
    epilog=examples(
        'interlock policies publish support --why "no refunds over 50"',
        shape="{kind, name, version, new, live, by, why, diff: [line], below: [policy]}",
    ),
)
@NAME
@why_option
@connected
def publish(stage: Stage, name: str, *, why: str, as_json: bool) -> None:
    """Put a policy as the files have it now into the catalog, as a new version; move no label.

    What is put there is what holds: the policy with all above it. The project's files are checked
    first, with the tasks under it; the stage compares the version with the policy above it that
    is live there, and refuses a weaker one.
    """
    from interlock.cli.tasks_diff import document_of_files
    from interlock.cli.versions import SHORT, difference, read_definition
    from interlock.places import find

    document = document_of_files(_KIND, name)
    below = sorted(one for one, policy in find().load().policies.items() if name in policy.lineage)
    below.remove(name)
    with show.working("publishing"):
        asked = {"kind": _KIND, "name": name, "document": document}
        told = stage.invoke("publish_version", {**asked, "by": stage.person, "why": why})
        found = read_definition(stage, _KIND, name)
        live = found.live_version
    lines = difference(found.document(live) if live else {}, document)
    version = str(told["version"])
    if as_json:
        said = {"kind": _KIND, "name": name, "version": version, "new": told["new"]}
        more = {"live": live, "by": stage.person, "why": why, "diff": lines, "below": below}
        show.as_json({**said, **more})
        return
    if live:
        say(lines)
    if version == live:
        show.line(f"{name} {version[:SHORT]} is published already, and live")
        return
    show.line(f"{name} {version[:SHORT]} is published" + ("" if told["new"] else " already"))
    show.line(
        "next: ", show.plain(f"interlock policies promote {name} {version[:SHORT]} --why TEXT")
    )
    if below:
        show.line("then publish and promote what is below it: ", ", ".join(below))


@click.command(
    "promote",
    epilog=examples(
        'interlock policies promote support --latest --why "no refunds over 50"',
        'interlock policies promote support 91b760952513 --canary 10 --why "stricter links"',
        shape=SHAPE,
    ),
)
@NAME
@VERSION
@NEWEST
@SHARE
@DRY
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
    why: str,
    as_json: bool,
) -> None:
    """Make a policy's version live, or a canary; runs under way keep theirs.

    A version that is weaker than what is live above it is refused, rule by rule. Without VERSION
    it is the canary that is made live.
    """
    asked = Wanted(_KIND, name, version, latest=latest, share=share)
    promote_to(stage, asked, why, dry_run=dry_run, as_json=as_json)


@click.command(
    "rollback",
    epilog=examples(
        'interlock policies rollback support --why "it blocks every second answer"',
        shape=SHAPE,
    ),
)
@NAME
@END
@DRY
@why_option
@connected
def rollback(
    stage: Stage, name: str, *, canary: bool, dry_run: bool, why: str, as_json: bool
) -> None:
    """Make live again what was live before; runs under way keep their version.

    Refused where that is weaker than what is live above it by now.
    """
    roll_back(stage, _KIND, name, why, canary=canary, dry_run=dry_run, as_json=as_json)
