"""`interlock tasks`: show; the other verbs stand in modules of their own."""

from typing import TYPE_CHECKING, Any

import click

from interlock.cli import show
from interlock.cli.options import connected, examples
from interlock.cli.stage import Stage
from interlock.cli.tasks_diff import KIND, NAME, diff
from interlock.cli.tasks_move import promote, rollback
from interlock.cli.tasks_new import new
from interlock.cli.tasks_publish import publish
from interlock.cli.tasks_try import try_

if TYPE_CHECKING:
    from interlock.cli.versions import Definition, Moved

SHORT = 12
OF_ALL_INPUTS = frozenset(
    {"kind", "max_characters", "max_tokens", "when_longer", "when_missing", "default"}
)
"""Keys that every input may have; its own stand beside them."""
LAYERS = frozenset(
    {"system", "user", "output_schema", "variables_schema", "examples", "inputs", "name", "purpose"}
)
"""Keys of a task that are shown in places of their own."""


@click.group()
def tasks() -> None:
    """Make AI tasks, try them here, publish and compare versions; promote one, or go back.

    VERSION may be shortened to a start that only one version has; live, canary and latest
    stand for the versions that they name.
    """


tasks.add_command(new)
tasks.add_command(try_)
tasks.add_command(diff)
tasks.add_command(publish)
tasks.add_command(promote)
tasks.add_command(rollback)


@tasks.command(
    "show",
    epilog=examples(
        "interlock tasks show classify_ticket",
        "interlock tasks show classify_ticket@91b760952513",
        shape="{kind, name, live: {version, at, by, why}, canary: {version, share, at, by, why},\n"
        " version, document, versions: [{version, published_at, published_by, live}],\n"
        " history: [{label, version, before, at, by, why, how, share}]}; canary may be null",
    ),
)
@NAME
@click.argument("version", required=False)
@KIND
@connected
def show_(stage: Stage, name: str, version: str | None, *, kind: str, as_json: bool) -> None:
    """Show a task: versions, label history, and the prompt layers of the live version."""
    from functions.core.domain.labels import LIVE
    from interlock.cli.versions import LATEST, read_definition

    name, _, named = name.partition("@")  # as `runs show` writes it
    version = version or named or None
    with show.working("reading the catalog"):
        found = read_definition(stage, kind, name)
        shown = found.find(version or (LIVE if found.live_version else LATEST))
    if as_json:
        show.as_json(found.as_json(shown))
        return
    _say_task(found, shown)


def _say_task(found: "Definition", shown: str) -> None:
    document = found.document(shown)
    show.line(show.plain(found.name, "bold"), "  ", document.get("purpose", ""))
    facts = {key: value for key, value in document.items() if key not in LAYERS}
    for key, value in facts.items():
        show.line(f"  {key}: ", _facts(value))
    for name, declared in sorted(document.get("inputs", {}).items()):
        show.line(f"  input {name}: ", _input(declared))
    show.line()
    columns = [
        show.Column("version"),
        show.Column("published (UTC)"),
        show.Column("by", 4),
        show.Column("label"),
    ]
    rows = [
        (v.version[:SHORT], v.at[:19].replace("T", " "), v.by, ", ".join(found.labels(v.version)))
        for v in found.versions
    ]
    show.table(columns, rows)
    for move in found.history:
        show.line(_told(move))
    _say_layers(document, shown)


def _told(move: "Moved") -> str:
    share = "" if move.share is None else f", {move.share} % of new runs"
    before = f" (before: {move.before[:SHORT]})" if move.before else ""
    how = f"{move.how}, " if move.how else ""
    when = move.at[:19].replace("T", " ")
    version = f"{move.version[:SHORT]}{share}{before}"
    return f"{move.label} -> {version}, {how}{when}, {move.by}: {move.why}"


def _say_layers(document: dict[str, Any], shown: str) -> None:
    import json

    for title, key in (("1 system prompt", "system"), ("2 user prompt", "user")):
        if key in document:
            show.line()
            show.line(f"layer {title}, version {shown[:SHORT]}", style="bold")
            show.raw(document[key].rstrip())
    if "output_schema" in document:
        show.line()
        show.line(f"layer 3 output schema, version {shown[:SHORT]}", style="bold")
        show.raw(json.dumps(document["output_schema"], indent=2, ensure_ascii=False))


def _input(declared: dict[str, Any]) -> str:
    """Return an input's kind, limits, and what is done where it is longer or missing."""
    own = [
        f"{key} " + (f'"{told}"' if isinstance(told, str) else _facts(told))
        for key, told in sorted(declared.items())
        if key not in OF_ALL_INPUTS
    ]
    tokens = f", {declared['max_tokens']} tokens" if "max_tokens" in declared else ""
    most = f"at most {declared['max_characters']} characters{tokens}"
    missing = "its default" if "default" in declared else declared["when_missing"]
    ways = (f"longer: {declared['when_longer']}", f"missing: {missing}")
    return "; ".join((declared["kind"], *own, most, *ways))


def _facts(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value))
    if isinstance(value, dict):
        return ", ".join(f"{name} {inner}" for name, inner in value.items())
    return str(value)
