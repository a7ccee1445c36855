"""`interlock tasks new`: a new AI task, from a pydantic class or from nothing."""

import re
import shutil
import subprocess
from typing import TYPE_CHECKING

import click

from interlock.cli import show
from interlock.cli.exits import UsageProblem
from interlock.cli.options import examples, json_option

if TYPE_CHECKING:
    from pathlib import Path

    from interlock.definitions.catalog import Catalog
    from interlock.places import Place
    from interlock.scaffold.ai_task import Asked

NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
UNKNOWN_OWNER = "you@example.com"
UNKNOWN_TEAM = "main"


@click.command(
    "new",
    epilog=examples(
        "interlock tasks new rate_review",
        "interlock tasks new rate_review --from-model shop.models:Rating",
        shape="{task, folder, files: [name], next: command}",
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
    descriptions) and the bound on the answer. The one case in golden.jsonl is made up: put
    true ones in its place.
    """
    from interlock.places import find

    place = find()
    folder = place.catalog / "ai_tasks" / name
    if NAME.fullmatch(name) is None:
        raise UsageProblem(f"{name}: takes lower-case letters, digits and underscores, at most 40")
    if folder.exists():
        raise UsageProblem(f"{place.shown(folder)} is there already")
    written = _write(place, folder, from_model, _asked(place, name, purpose, owner, team))
    then = f"interlock tasks try {name}"
    if as_json:
        show.as_json({"task": name, "folder": str(folder), "files": written, "next": then})
        return
    for file in written:
        show.line("wrote ", place.shown(folder / file))
    show.line("next: ", show.plain(then, "bold"))


def _asked(place: "Place", name: str, purpose: str, owner: str, team: str) -> "Asked":
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


def address() -> str:
    """Return who works here, as git knows them; a placeholder where it does not."""
    try:
        done = subprocess.run(
            ["git", "config", "user.email"], capture_output=True, text=True, check=False
        )
    except OSError:
        return UNKNOWN_OWNER
    return done.stdout.strip() or UNKNOWN_OWNER


def _write(place: "Place", folder: "Path", from_model: str | None, asked: "Asked") -> list[str]:
    """Write the task's files and see that they load; what does not is taken away again."""
    from pathlib import Path

    from interlock.definitions.catalog import load_catalog
    from interlock.definitions.problems import DefinitionErrors, Problems
    from interlock.scaffold.ai_task import files
    from interlock.scaffold.model_schema import NoModel, load_model

    try:
        model = load_model(from_model, Path.cwd()) if from_model else None
        texts = files(asked, model)
    except NoModel as error:
        raise UsageProblem(str(error)) from None
    folder.mkdir(parents=True)
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")
    problems = Problems(place.root)
    load_catalog(place.catalog, problems)
    own = [one for one in problems.found if one.file.startswith(place.shown(folder))]
    if own:
        shutil.rmtree(folder)
        raise DefinitionErrors(own)
    return list(texts)
