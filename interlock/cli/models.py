"""`interlock models`: list and show; try stands in a module of its own."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from interlock.cli import show
from interlock.cli.exits import NotFound
from interlock.cli.models_try import try_
from interlock.cli.options import connection_options, examples, json_option, stage_of

if TYPE_CHECKING:
    from functions.core.domain.ai_tasks import AiTask
    from functions.core.domain.routes import Route
    from functions.core.domain.targets import Models, Target
    from interlock.definitions.project import Project


@click.group()
def models() -> None:
    """List model targets and routes, show one, try a prompt on all targets of a route.

    What is told stands in catalog/models.toml. A stage may have other routes: infra/settings.py.
    """


models.add_command(try_)


@models.command(
    "list",
    epilog=examples(
        "interlock models list",
        "interlock models list --deployed --stage prod",
        shape="{targets: [{target, dialect, model, input_usd_per_million,\n"
        " output_usd_per_million, capabilities, max_data_class, residency, retention,\n"
        " end_of_life, days_left, routes: [name], health}]};\n"
        " health is null for targets that are declared, else ok, or why it can't be called now",
    ),
)
@click.option("--deployed", is_flag=True, help="Those of the stage, and how they are.")
@connection_options
@json_option
@click.pass_context
def list_(ctx: click.Context, *, deployed: bool, as_json: bool) -> None:
    """List targets: what they speak, cost, can and may be given, and the routes to them.

    Of a stage's targets it says how they are: throttled or passed over, for everybody, until when.
    """
    with show.working("reading the models"):
        found, healths = _deployed(ctx) if deployed else (_project().models, {})
    told = [_told(found, name) | {"health": healths.get(name)} for name in found.targets]
    if as_json:
        show.as_json({"targets": told})
        return
    columns = [
        show.Column("target"),
        show.Column("dialect", 6),
        show.Column("model", 7),
        show.Column("$/M in", 8, right=True),
        show.Column("$/M out", 8, right=True),
        show.Column("can", 3),
        show.Column("data", 7),
        show.Column("retention", 5),
        show.Column("ends", 6),
        show.Column("routes", 8),
        show.Column("health", 9),
    ]
    rows = [
        (
            one["target"],
            one["dialect"],
            one["model"],
            one["input_usd_per_million"],
            one["output_usd_per_million"],
            ", ".join(one["capabilities"]),
            one["max_data_class"] or "",
            one["retention"] or "",
            one["end_of_life"] or "",
            ", ".join(one["routes"]),
            _word(one["health"]),
        )
        for one in told
    ]
    show.table(columns, rows)
    for text in _ends(found):
        show.line(show.plain(text, "yellow"))


@models.command(
    "show",
    epilog=examples(
        "interlock models show default",
        "interlock models show bedrock_nova_lite",
        shape="of a route: {route, targets: [{target, conditions}], require, fallback_on,\n"
        " wait_seconds, tasks: [{task, data_class, serves: [target],\n"
        "   refused: [{target, condition, why}]}]};\n"
        "of a target: as `models list` has it, and {document}",
    ),
)
@click.argument("name", metavar="ROUTE|TARGET")
@json_option
def show_(name: str, *, as_json: bool) -> None:
    """Show a route, with who may serve which task and why not; or a target, with its facts."""
    project = _project()
    route = project.models.route(name)
    if route is not None:
        told = _route(project, name, route)
        show.as_json(told) if as_json else _say_route(told)
    elif name in project.models.targets:
        target = project.models.targets[name]
        told = {**_told(project.models, name), "document": target.model_dump(mode="json")}
        show.as_json(told) if as_json else _say_target(told, target)
    else:
        known = ", ".join((*project.models.routes, *project.models.targets))
        raise NotFound(f"models.toml has no route and no target {name}", f"there are: {known}")


def _project() -> "Project":
    from interlock.places import find

    return find().load()


def _deployed(ctx: click.Context) -> "tuple[Models, dict[str, str]]":
    """Return the models that a stage's new runs pin, and the health of each target."""
    from functions.core.domain.health import Health, health_ref
    from functions.core.domain.targets import Models
    from interlock.cli.event_text import live_document

    stage = stage_of(ctx)
    found = Models.model_validate(live_document(stage, "models", "models"))
    now = stage.now()
    healths = {}
    for name in found.targets:
        busy = Health.read(stage.store.get(health_ref(name))).busy(now)
        healths[name] = f"{busy.turn} {busy.seconds} s" if busy else "ok"
    return found, healths


def _word(health: str | None) -> Any:
    return show.plain(health or "", "" if health in (None, "ok") else "yellow")


def _today() -> Any:
    return datetime.now(UTC).date()


def _ends(models: "Models") -> Iterator[str]:
    from functions.core.domain.end_of_life import endings

    yield from map(str, endings(models, models.targets, _today()))


def _told(models: "Models", name: str) -> dict[str, Any]:
    from functions.core.domain.end_of_life import ending

    target, end = models.targets[name], ending(models, name, _today())
    routes = ((route, models.route(route)) for route in models.routes)
    return {
        "target": name,
        "dialect": target.dialect,
        "model": target.model,
        "input_usd_per_million": target.prices.input_usd_per_million,
        "output_usd_per_million": target.prices.output_usd_per_million,
        "capabilities": list(target.capabilities),
        "max_data_class": target.max_data_class,
        "residency": target.residency or target.region,
        "retention": target.retention,
        "end_of_life": end and end.day.isoformat(),
        "days_left": end and end.days_left,
        "routes": [route for route, told in routes if told and name in told.names],
    }


def _route(project: "Project", name: str, route: "Route") -> dict[str, Any]:
    tasks = [task for task in project.ai_tasks.values() if task.route == name]
    return {
        "route": name,
        "targets": [
            {"target": one.target, "conditions": _said(one.model_dump(exclude={"target"}))}
            for one in route.entries
        ],
        "require": _said(route.require.model_dump()),
        "fallback_on": [str(one) for one in route.fallback_on],
        "wait_seconds": route.wait_seconds,
        "tasks": [_task(project, route, task) for task in tasks],
    }


def _task(project: "Project", route: "Route", task: "AiTask") -> dict[str, Any]:
    from functions.core.domain.serving import data_class, objections, servers

    data = data_class(task, project.policies[task.policy])
    return {
        "task": task.name,
        "data_class": data,
        "serves": [entry.target for entry in servers(project.models, route, data)],
        "refused": [vars(one) for one in objections(project.models, route, data)],
    }


def _said(conditions: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in conditions.items() if value is not None}


def _listed(conditions: dict[str, Any]) -> str:
    return ", ".join(f"{name} {value}" for name, value in conditions.items())


def _say_route(told: dict[str, Any]) -> None:
    show.line(show.plain(told["route"], "bold"), "  in this order:")
    for number, one in enumerate(told["targets"], 1):
        conditions = _listed(one["conditions"])
        show.line(f"  {number} {one['target']}", f"  if {conditions}" if conditions else "")
    if told["require"]:
        show.line(f"  each: {_listed(told['require'])}")
    show.line(f"  falls to the next on: {', '.join(told['fallback_on']) or 'nothing'}")
    show.line(f"  waits for its turn: up to {show.seconds(told['wait_seconds'])} a step")
    for task in told["tasks"]:
        served = ", ".join(task["serves"]) or show.plain("nobody", "red")
        show.line(f"{task['task']} ({task['data_class']} data): ", served)
        for one in task["refused"]:
            show.line(f"  not {one['target']}: {one['condition']}, {one['why']}")


def _say_target(told: dict[str, Any], target: "Target") -> None:
    show.line(show.plain(told["target"], "bold"), f"  {target.model}, {target.dialect}")
    prices, limits = target.prices, target.limits
    per_minute = limits.model_dump(exclude={"context_tokens", "output_tokens"})
    facts = {
        "at": target.base_url or target.residency or target.region or "",
        "prices": f"${prices.input_usd_per_million} in, ${prices.output_usd_per_million} out "
        f"a million tokens, as of {prices.as_of}: {prices.source}",
        "takes": f"{limits.context_tokens} tokens, answers {limits.output_tokens} of them",
        "a minute": _listed(_said(per_minute)).replace("_per_minute", ""),
        "can": ", ".join(told["capabilities"]),
        "may be given": f"{told['max_data_class']} data at most" if told["max_data_class"] else "",
        "retention": told["retention"] or "",
        "passed over": f"{target.passed_over.seconds} s after {target.passed_over.failures} "
        "failures in a row",
        "routes": ", ".join(told["routes"]) or "none",
    }
    for name, value in facts.items():
        if value:
            show.line(f"  {name}: ", value)
    if told["days_left"] is not None:
        show.line(f"  ends: {told['end_of_life']}, {show.count(told['days_left'], 'day')} left")
