"""`interlock tasks diff`: what differs between two versions, and what that can break."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from interlock.cli import show
from interlock.cli.exits import NotFound
from interlock.cli.options import connected, examples
from interlock.cli.stage import Stage

if TYPE_CHECKING:
    from interlock.cli.breaking import Break
    from interlock.cli.versions import Definition

FILES = "files"
"""Stands for the task as its files are now."""
LIVE = "live"
NAME = click.argument("name")
KIND = click.option(
    "--kind",
    default="ai_task",
    show_default=True,
    type=click.Choice(["ai_task", "policy"]),
    help="What NAME is.",
)
STYLES = {"+": "green", "-": "red", "@": "cyan"}


@dataclass(frozen=True)
class Side:
    """One of the two that are compared: what it was called, its version, its content."""

    called: str
    version: str
    document: Mapping[str, Any]

    @property
    def title(self) -> str:
        """How people are told of it."""
        from interlock.cli.versions import SHORT

        short = self.version[:SHORT]
        return short if short.startswith(self.called) else f"{self.called} ({short})"


@click.command(
    "diff",
    epilog=examples(
        "interlock tasks diff classify_ticket",
        "interlock tasks diff classify_ticket live canary",
        "interlock tasks diff classify_ticket 91b760952513 latest",
        shape="{kind, name, from: {called, version}, to: {called, version}, diff: [line],\n"
        " breaks: [{part, pointer, what}], workflows: [name]}",
    ),
)
@NAME
@click.argument("old", metavar="[FROM]", default=LIVE)
@click.argument("new", metavar="[TO]", default=FILES)
@KIND
@connected
def diff(stage: Stage, name: str, old: str, new: str, *, kind: str, as_json: bool) -> None:
    """Show how a task differs between FROM and TO: prompts, schemas, limits, route.

    Each is a version, a label (live, canary), `latest` for the version that was published last,
    or `files` for the task as its files are now. Without them: what is live, and the files.

    Said too: which differences can break a workflow, and which workflows of the stage use the
    task. A workflow is broken by a variable that is no longer taken, and by an answer in which
    a field is gone, may be missing, or may say what nothing is prepared for.
    """
    from interlock.cli.breaking import breaks
    from interlock.cli.versions import difference, read_definition

    with show.working("reading the catalog"):
        found = read_definition(stage, kind, name)
        sides = [side_of(found, said) for said in (old, new)]
        users = workflows_with(stage, name) if kind == "ai_task" else []
    documents = [side.document for side in sides]
    lines, broken = difference(*documents), breaks(*documents)
    if as_json:
        told = [{"called": side.called, "version": side.version} for side in sides]
        show.as_json(
            {
                **{"kind": kind, "name": name, "from": told[0], "to": told[1], "diff": lines},
                "breaks": [one.as_json() for one in broken],
                "workflows": users,
            }
        )
        return
    if not lines:
        show.line(f"{name}: {sides[0].title} and {sides[1].title} are the same")
        return
    show.line(f"{name}: {sides[0].title} -> {sides[1].title}", style="bold")
    say(lines)
    say_breaks(broken, users)


def side_of(found: "Definition", said: str) -> Side:
    """Return what *said* names: a label, a version, or the files."""
    from functions.core.domain.definitions import document_hash

    if said == FILES:
        document = document_of_files(found.kind, found.name)
        return Side(said, document_hash(document), document)
    version = found.find(said)
    return Side(said, version, found.document(version))


def document_of_files(kind: str, name: str) -> dict[str, Any]:
    """Return the document that a deployment of the files would publish.

    Raises
    ------
    NotFound
        The project declares no such thing.
    DefinitionErrors
        With everything that is wrong with the project's declarations.
    """
    from functions.core.domain.definitions import dump_document
    from interlock.places import find

    place = find()
    project = place.load()
    declared = project.ai_tasks if kind == "ai_task" else project.policies
    if name not in declared:
        raise NotFound(
            f"there is no {kind} {name} in {place.shown(place.catalog)}",
            "compare versions: interlock tasks diff NAME FROM TO",
        )
    return dump_document(declared[name])


def workflows_with(stage: Stage, task: str) -> list[str]:
    """Return the names of the stage's workflows that declare *task* under `uses`."""
    from interlock.cli.workflows_list import deployed

    return [one["name"] for one in deployed(stage) if task in one["uses"]["ai_tasks"]]


def say(lines: Sequence[str]) -> None:
    """Print the lines of a diff."""
    for text in lines:
        show.line(text, style=STYLES.get(text[:1], ""))


def say_breaks(broken: Sequence["Break"], users: Sequence[str]) -> None:
    """Print what can break, and whom."""
    for one in broken:
        show.line(show.plain("can break: ", "yellow"), f"{one.part}{one.pointer} {one.what}")
    show.line("used by: ", ", ".join(users) or "no workflow of this stage")
