"""`interlock tasks new`: a new AI task, from a pydantic class or from nothing."""

from typing import TYPE_CHECKING

import click

from interlock.cli import show
from interlock.cli.exits import UsageProblem
from interlock.cli.options import examples, json_option

if TYPE_CHECKING:
    from interlock.definitions.catalog import Catalog
    from interlock.places import Place
    from interlock.scaffold.ai_task import Asked


@click.command(
    "new",
    epilog=examples(
        "interlock tasks new rate_review",
        "interlock tasks new rate_review --from-model shop.models:Rating",
        shape="{task, folder, files: [name], made_up_example: true|false, next: command}",
    ),
)
@click.argument("name")
@click.option(
    "--from-model",
    metavar="MODULE:CLASS",
    help="A pydantic class: the output schema, and a first prompt from its descriptions.",
)
@click.option("--purpose", default="", metavar="TEXT", help="One sentence; else the docstring's.")
@click.option("--owner", default="", metavar="ADDRESS", help="Else git's user.email.")
@click.option("--team", default="", metavar="NAME", help="Else that of the catalog's first task.")
@json_option
def new(
    name: str, *, from_model: str | None, purpose: str, owner: str, team: str, as_json: bool
) -> None:
    """Make an AI task that loads and answers at once; then edit its files.

    From a pydantic class come the output schema, the prompt's list of fields (from their
    descriptions) and the bound on the answer. The one case in golden.jsonl is made up, and so is
    the example in task.toml, without which the embedded model could not fill a number, a date or
    a flag that is required: put true ones in their place.
    """
    from interlock.cli.declaring import new_folder, write
    from interlock.definitions.catalog import load_catalog
    from interlock.places import find
    from interlock.scaffold.ai_task import MADE_UP

    place = find()
    folder = new_folder(place, place.catalog / "ai_tasks", name)
    texts = _texts(from_model, _asked(place, name, purpose, owner, team))
    written = write(place, folder, texts, lambda found: load_catalog(place.catalog, found))
    then, made_up = f"interlock tasks try {name}", MADE_UP in texts["task.toml"]
    if as_json:
        told = {"task": name, "folder": str(folder), "files": written}
        show.as_json({**told, "made_up_example": made_up, "next": then})
        return
    for file in written:
        show.line("wrote ", place.shown(folder / file))
    if made_up:
        show.note(
            "the example in task.toml and the case in golden.jsonl are made up: put true ones"
        )
    show.line("next: ", show.plain(then, "bold"))


def _asked(place: "Place", name: str, purpose: str, owner: str, team: str) -> "Asked":
    from interlock.cli.declaring import UNKNOWN_TEAM, address
    from interlock.scaffold.ai_task import Asked

    catalog = _catalog(place)
    first = next(iter(catalog.ai_tasks.values()), None)
    routes = list(catalog.models.routes) if catalog.models else []
    policies = list(catalog.policies)
    return Asked(
        name=name,
        purpose=purpose,
        owner=owner or address(),
        team=team or (first.team if first else UNKNOWN_TEAM),
        route=_default(routes),
        policy=_default(policies),
    )


def _default(known: list[str]) -> str:
    return "default" if "default" in known or not known else known[0]


def _catalog(place: "Place") -> "Catalog":
    """Return what can be read of the catalog; a mistake elsewhere is not ours to tell."""
    from interlock.definitions.catalog import load_catalog
    from interlock.definitions.problems import Problems

    return load_catalog(place.catalog, Problems(place.root))


def _texts(from_model: str | None, asked: "Asked") -> dict[str, str]:
    from pathlib import Path

    from interlock.scaffold.ai_task import files
    from interlock.scaffold.model_schema import NoModel, load_model

    try:
        return files(asked, load_model(from_model, Path.cwd()) if from_model else None)
    except NoModel as error:
        raise UsageProblem(str(error)) from None
