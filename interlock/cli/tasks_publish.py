"""`interlock tasks publish`: a new version of a task without a deployment."""

import click

from interlock.cli import show
from interlock.cli.options import connected, examples, why_option
from interlock.cli.stage import Stage
from interlock.cli.tasks_diff import NAME, document_of_files, say, say_breaks, workflows_with


@click.command(
    "publish",
    epilog=examples(
        'interlock tasks publish classify_ticket --why "says what a refund is"',
        shape="{kind, name, version, new, live, by, why, diff: [line],\n"
        " breaks: [{part, pointer, what}]}; the difference is that to what is live",
    ),
)
@NAME
@why_option
@connected
def publish(stage: Stage, name: str, *, why: str, as_json: bool) -> None:
    """Put a task as its files are now into the catalog, as a new version; move no label.

    No run uses it before somebody promotes it. All the project's files are checked first; the
    task is checked again where it is published, against the models and policies of the stage.
    Its files remain the source: a deployment publishes them too, and finds the version there.
    """
    from interlock.cli.breaking import breaks
    from interlock.cli.versions import SHORT, difference, read_definition

    document = document_of_files("ai_task", name)
    with show.working("publishing"):
        asked = {"kind": "ai_task", "name": name, "document": document}
        told = stage.invoke("publish_version", {**asked, "by": stage.person, "why": why})
        found = read_definition(stage, "ai_task", name)
        live = found.live_version
        old = found.document(live) if live else {}
    lines, broken = difference(old, document), breaks(old, document)
    version = str(told["version"])
    if as_json:
        said = {"kind": "ai_task", "name": name, "version": version, "new": told["new"]}
        more = {"live": live, "by": stage.person, "why": why, "diff": lines}
        show.as_json({**said, **more, "breaks": [one.as_json() for one in broken]})
        return
    if live:
        say(lines)
    if broken:
        say_breaks(broken, workflows_with(stage, name))
    if version == live:
        show.line(f"{name} {version[:SHORT]} is published already, and live")
        return
    show.line(f"{name} {version[:SHORT]} is published" + ("" if told["new"] else " already"))
    show.line("next: ", show.plain(f"interlock tasks promote {name} {version[:SHORT]} --why TEXT"))
