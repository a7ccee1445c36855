"""`interlock workflows run`: put an event through a laptop cloud as the files are now."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from interlock.cli import show
from interlock.cli.exits import BadProject, Exit, NotFound, Unreachable, UsageProblem
from interlock.cli.options import DEFAULT_STAGE, examples, json_option

if TYPE_CHECKING:
    from interlock.cli.following import Became
    from interlock.cli.stage import Stage
    from interlock.definitions.project import Project
    from interlock.definitions.workflows import WorkflowFolder
    from interlock.local.cloud import Cloud
    from interlock.places import Place

Say = Callable[[str], None]


@click.command(
    "run",
    epilog=examples(
        "interlock workflows run triage_ticket",
        "interlock workflows run triage_ticket --event ticket.json --again",
        shape="{workflow, event, cloud, started_cloud, became: {became, status, run, reason, …},\n"
        " run: as of `runs show`, or null where none was started}",
    ),
)
@click.argument("name")
@click.option("--event", "file", metavar="FILE", help="Its event; else its first sample event.")
@click.option("--again", is_flag=True, help="Change the event's key, so that it is a new run.")
@click.option("--stage", default=DEFAULT_STAGE, show_default=True, help="The stage to rehearse.")
@click.option(
    "--timeout", default=120.0, show_default=True, type=click.FloatRange(1), help="Seconds."
)
@json_option
def run(
    name: str, *, file: str | None, again: bool, stage: str, timeout: float, as_json: bool
) -> None:
    """Run a workflow on this laptop, as its files are now, and follow it to its end.

    A laptop cloud that runs takes over what changed; where none runs, one is started and left
    running. The same event is the same run: --again gives it another key. Exit code 0 says
    that the run succeeded.
    """
    from interlock.cli.put_event import put_event
    from interlock.cli.stage import connect
    from interlock.places import find

    place = find()
    project = place.load()
    folder = _folder(project, name)
    if folder.step is not None:
        raise UsageProblem(
            f"{name} is one step of other state machines: it takes no events",
            "docs/one-step.md says how a machine calls it; tasks try answers its AI task at once",
        )
    event = Path(file) if file else folder.events[0]
    given = _event(folder, event, again=again)
    with show.working(f"running {name}") as say:
        cloud, is_new = _cloud(place, project, stage, say)
        connected = connect(stage, endpoint=cloud.endpoint)
        say("put the event")
        sent = put_event(connected, name, given).sent
        became = _follow(connected, sent, timeout, say)
    told = {
        "workflow": name,
        "event": str(event),
        "cloud": cloud.id,
        "started_cloud": is_new,
        "became": became.as_json(),
    }
    _tell(connected, became, told, timeout, as_json=as_json)
    if is_new:
        show.note(f"laptop cloud {cloud.id} runs on; end it with: interlock local down")
    if not became.good:
        raise click.exceptions.Exit(Exit.BAD)


def _folder(project: "Project", name: str) -> "WorkflowFolder":
    try:
        return project.workflow(name)
    except KeyError:
        known = ", ".join(one.name for one in project.workflows) or "none"
        raise NotFound(
            f"there is no workflow {name} (there are: {known})",
            f"interlock workflows new {name} makes one",
        ) from None


def _event(folder: "WorkflowFolder", file: Path, *, again: bool) -> Any:
    from interlock.cli.event_text import Event, read_event

    given = read_event(str(file), None)
    if not again:
        return given
    detail = _another(folder, given.value)
    return Event(json.dumps(detail, ensure_ascii=False), given.source, given.detail_type)


def _another(folder: "WorkflowFolder", detail: dict[str, Any]) -> dict[str, Any]:
    """Return *detail* under a key that no run has yet: a text of the key gets another end."""
    import secrets

    from functions.core.domain.declared_schemas import instance_problems
    from functions.core.domain.references import lookup, replace

    pointers = folder.definition.dedup_key
    for pointer in pointers if isinstance(pointers, tuple) else ():
        try:
            value = lookup(detail, pointer)
        except KeyError:
            continue
        if isinstance(value, str):
            end = f"-{secrets.token_hex(4)}"
            for text in (value + end, value[: -len(end)] + end):
                changed: dict[str, Any] = replace(detail, pointer, text)
                if not instance_problems(folder.definition.input_schema, changed):
                    return changed
    raise UsageProblem(
        "--again changes a text of the dedup key, and finds none that may be changed so",
        "put another key into the event",
    )


def _cloud(place: "Place", project: "Project", stage: str, say: Say) -> "tuple[Cloud, bool]":
    """Return a laptop cloud of the project that runs its files as they are now."""
    from interlock.local.cloud import Cloud, CloudDidNotStart, CloudRefused, NoSuchCloud
    from interlock.local.promotion import NotPromoted, promote_changed
    from interlock.local.synth import synthesize

    say("synthesize the templates")
    assembly = synthesize(place.root, stage=stage, state=place.state, progress=say)
    try:
        cloud = Cloud.attach(place.state)
    except NoSuchCloud:
        say("start a laptop cloud")
        try:
            return Cloud.start(assembly, place.state, detached=True, progress=say), True
        except CloudDidNotStart as error:
            raise BadProject(f"no laptop cloud came up: {error}") from None
    try:
        say("deploy what changed")
        cloud.reload(assembly)
        promote_changed(cloud, project.compile_catalog(), stage=stage)
    except (CloudRefused, NotPromoted) as error:
        raise Unreachable(
            f"laptop cloud {cloud.id} did not take over what changed: {error}",
            "start another: interlock local down, then this again",
        ) from None
    return cloud, False


def _follow(stage: "Stage", sent: Any, timeout: float, say: Say) -> "Became":
    from interlock.cli.following import Following

    return Following(stage, sent, say).follow(timeout)


def _tell(
    stage: "Stage", became: "Became", told: dict[str, Any], timeout: float, *, as_json: bool
) -> None:
    from interlock.cli.run_drawing import draw
    from interlock.cli.run_view import look

    view = look(stage, became.name) if became.what in ("run", "repeat") else None
    if as_json:
        show.as_json({**told, "run": view.as_json() if view else None})
        return
    if became.what == "refused":
        reason, detail = became.item["reason"], became.item.get("detail", "")
        show.line("the door refused the event: ", show.word(reason), f" {detail}".rstrip())
    elif became.what == "unseen":
        show.line(f"nothing was seen of the event in {timeout:g} s: does a rule match it?")
    if became.what == "repeat":
        show.line("a run of the same key exists already (--again makes a new one):")
    if view is not None:
        draw(view)
