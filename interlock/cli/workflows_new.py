"""`interlock workflows new`: a workflow with one AI task, which runs as it is."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click

from interlock.cli import show
from interlock.cli.exits import NotFound, UsageProblem
from interlock.cli.options import examples, json_option

if TYPE_CHECKING:
    from functions.core.domain.ai_tasks import AiTask
    from interlock.definitions.catalog import Catalog
    from interlock.places import Place


@click.command(
    "new",
    epilog=examples(
        "interlock workflows new sort_reviews --task rate_review",
        shape="{workflow, task, folder, files: [name], next: command}",
    ),
)
@click.argument("name")
@click.option("--task", metavar="NAME", help="The AI task it does; else the catalog's only one.")
@click.option("--purpose", default="", metavar="TEXT", help="One sentence.")
@click.option("--owner", default="", metavar="ADDRESS", help="Else git's user.email.")
@click.option("--team", default="", metavar="NAME", help="Else the AI task's.")
@json_option
def new(name: str, *, task: str | None, purpose: str, owner: str, team: str, as_json: bool) -> None:
    """Make a workflow that loads and runs at once; then edit its files.

    It does one AI task and handles each of its outcomes. What the task requires, the event
    brings; the sample event is the first case of the task's golden.jsonl.
    """
    from interlock.cli.declaring import address, new_folder, write
    from interlock.definitions.workflows import load_workflows
    from interlock.places import find
    from interlock.scaffold.workflow import Asked, files

    place = find()
    folder = new_folder(place, place.workflows, name)
    catalog, chosen = _catalog(place, task)
    asked = Asked(name, purpose, owner or address(), team or chosen.team)
    texts = files(asked, chosen, _case(catalog, chosen))
    place.workflows.mkdir(parents=True, exist_ok=True)
    written = write(
        place, folder, texts, lambda problems: load_workflows(place.workflows, catalog, problems)
    )
    then = f"interlock workflows run {name}"
    if as_json:
        told = {"workflow": name, "task": chosen.name, "folder": str(folder)}
        show.as_json({**told, "files": written, "next": then})
        return
    for file in written:
        show.line("wrote ", place.shown(folder / file))
    show.line("next: ", show.plain(then, "bold"))


def _catalog(place: "Place", wanted: str | None) -> "tuple[Catalog, AiTask]":
    from interlock.definitions.catalog import load_catalog
    from interlock.definitions.problems import Problems

    catalog = load_catalog(place.catalog, Problems(place.root))
    known = catalog.ai_tasks
    if not known:
        raise UsageProblem("the catalog has no AI task", "make one: interlock tasks new NAME")
    if wanted is None and len(known) > 1:
        raise UsageProblem("say which --task it does", f"there are: {', '.join(known)}")
    name = wanted or next(iter(known))
    if name not in known:
        raise NotFound(f"there is no AI task {name}", f"there are: {', '.join(known)}")
    return catalog, known[name]


def _case(catalog: "Catalog", task: "AiTask") -> Mapping[str, Any]:
    variables: Mapping[str, Any] = catalog.golden[task.name][0]["variables"]
    return variables
