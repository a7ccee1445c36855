"""`interlock models try`: one prompt on all targets of a route, side by side."""

import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import click

from interlock.cli import show
from interlock.cli.exits import Exit, NotFound, UsageProblem
from interlock.cli.options import examples, json_option

if TYPE_CHECKING:
    from functions.core.domain.ai_tasks import AiTask
    from functions.core.domain.policies import Policy
    from functions.core.domain.routes import Route
    from functions.core.domain.targets import Models
    from interlock.definitions.catalog import Catalog
    from interlock.trying import Tried

FREE = "free_prompt"
"""What a prompt is called that belongs to no task."""


@click.command(
    "try",
    epilog=examples(
        "interlock models try default --task classify_ticket",
        "interlock models try default --task classify_ticket --input ticket.json",
        'interlock models try bedrock_nova_lite --prompt "Say hello in Dutch."',
        shape="{task, data_class, variables_from, targets: [{target, model, outcome, reason, "
        "answer,\n valid, seconds, input_tokens, output_tokens, usd, attempts, expected}]};\n"
        " expected is null where there is no expected answer",
    ),
)
@click.argument("name", metavar="ROUTE|TARGET")
@click.option("--task", metavar="NAME", help="Try this task; its schema judges the answers.")
@click.option(
    "--input",
    "inputs",
    multiple=True,
    metavar="FILE|KEY=VALUE",
    help="The task's variables, as `tasks try` takes them; else its first golden case.",
)
@click.option("--prompt", metavar="TEXT", help="Try this text; the answer is one text, too.")
@json_option
def try_(
    name: str, *, task: str | None, inputs: tuple[str, ...], prompt: str | None, as_json: bool
) -> None:
    """Try one prompt on every target of a route: answer, validity, time, tokens, dollars.

    It needs no cloud and records nothing. Each target does the whole step by itself, with its
    repair round, and without falling to another. One that may not be given the task's data, or
    whose key is not in the environment, is told so; no other is asked in its place.
    """
    from functions.core.domain.serving import data_class
    from interlock.places import find

    if (task is None) == (prompt is None) or (prompt is not None and inputs):
        raise UsageProblem("say either --task, with or without --input, or --prompt")
    place = find()
    if task is not None:
        from interlock.cli.tasks_try import task_of, variables_of

        asked, catalog = task_of(place, task)
        given, source, expected = variables_of(asked, catalog, task, inputs)
        policy = catalog.policies[asked.policy]
    else:
        asked, policy, catalog = *_free(), _catalog(place)
        given, source, expected = {"prompt": prompt}, "the command line", None
    models = catalog.models
    assert models is not None  # noqa: S101  (`task_of` and `_catalog` saw to it; for mypy)
    rows = [
        _row(one, asked, policy, models, _alone(models, name, one), catalog, given, expected)
        for one in _names(models, name)
    ]
    told = {
        "task": task,
        "data_class": data_class(asked, policy),
        "variables_from": source,
        "targets": rows,
    }
    if as_json:
        show.as_json(told)
    else:
        _say(told)
    if not any(row["valid"] for row in rows):
        raise click.exceptions.Exit(Exit.BAD)


def _free() -> "tuple[AiTask, Policy]":
    """Return a task that puts a text to a model, and the policy that it is under."""
    from functions.core.domain.ai_tasks import AiTask
    from functions.core.domain.policies import Policy

    text = {"type": "string", "minLength": 1, "maxLength": 4000}
    task = {
        "name": FREE,
        "purpose": "Try a prompt.",
        "owner": "whoever types it",
        "team": "trial",
        "system": "Answer what you are asked.",
        "user": "{{ prompt }}",
        "route": FREE,
        "policy": FREE,
        "limits": {"max_output_tokens": 1024, "attempts": 2},
        "variables_schema": _object(prompt=text | {"maxLength": 60_000}),
        "output_schema": _object(answer=text),
    }
    policy = {"name": FREE, "purpose": "What is typed to be tried."}
    return AiTask.model_validate(task), Policy.model_validate(policy)


def _object(**properties: Any) -> dict[str, Any]:
    required = list(properties)
    return {
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": False,
    }


def _catalog(place: Any) -> "Catalog":
    """Return the catalog, of which models and budgets are needed."""
    from interlock.definitions.catalog import load_catalog
    from interlock.definitions.problems import DefinitionErrors, Problems

    problems = Problems(place.root)
    catalog = load_catalog(place.catalog, problems)
    if catalog.models is None or catalog.budgets is None:
        raise DefinitionErrors(problems.found)
    return catalog


def _names(models: "Models", name: str) -> Sequence[str]:
    route = models.route(name)
    if route is not None:
        return route.names
    if name in models.targets:
        return (name,)
    known = ", ".join((*models.routes, *models.targets))
    raise NotFound(f"models.toml has no route and no target {name}", f"there are: {known}")


def _alone(models: "Models", name: str, target: str) -> "Route":
    """Return a route to *target* alone, on the conditions that it has on the route *name*."""
    from functions.core.domain.routes import Route

    route = models.route(name) or Route(targets=(target,))
    entry = next(one for one in route.entries if one.target == target)
    return route.model_copy(update={"targets": (entry,)})


def _row(
    name: str,
    task: "AiTask",
    policy: "Policy",
    models: "Models",
    route: "Route",
    catalog: "Catalog",
    variables: Mapping[str, Any],
    expected: Any,
) -> dict[str, Any]:
    from functions.core.domain.targets import Models
    from interlock.model_access import Clients, KeyMissing
    from interlock.trying import Trial, compiled

    assert catalog.budgets is not None  # noqa: S101  (for mypy)
    alone = Models(targets=models.targets, routes={task.route: route})
    documents = compiled(task, alone, catalog.budgets, policy)
    tried, reason = None, ""
    try:
        with show.working(f"trying {name}"), Clients({}) as clients:
            tried = Trial(documents, task.name, clients).of(variables)
    except KeyMissing as missing:
        reason = str(missing)
    told = _told(tried, expected) if tried else {"outcome": "NOT_TRIED", "reason": reason}
    return {
        "target": name,
        "model": models.targets[name].model,
        "valid": False,
        "answer": None,
        **dict.fromkeys(("input_tokens", "output_tokens", "attempts"), 0),
        "usd": "0",
        "expected": None,
        "seconds": 0.0,
        **told,
    }


def _told(tried: "Tried", expected: Any) -> dict[str, Any]:
    attempts = tried.attempts
    return {
        "outcome": tried.outcome,
        "reason": tried.reason,
        "answer": tried.answer,
        "valid": tried.good,
        "input_tokens": sum(one.input_tokens for one in attempts),
        "output_tokens": sum(one.output_tokens for one in attempts),
        "usd": format(sum((Decimal(one.usd) for one in attempts), Decimal(0)), "f"),
        "attempts": len(attempts),
        "seconds": round(sum(one.seconds for one in attempts), 3),
        "expected": tried.answer == expected if attempts and expected is not None else None,
    }


def _say(told: dict[str, Any]) -> None:
    what = told["task"] or "a prompt"
    show.line(
        show.plain(what, "bold"), f"  variables from {told['variables_from']}; nothing is recorded"
    )
    columns = [
        show.Column("target"),
        show.Column("model", 4),
        show.Column("outcome"),
        show.Column("valid", 8),
        show.Column("expected", 6),
        show.Column("tries", 3, right=True),
        show.Column("tokens", 7, right=True),
        show.Column("cost", 8, right=True),
        show.Column("time", 8, right=True),
    ]
    says = {True: "yes", False: "no", None: ""}
    rows = [
        (
            row["target"],
            row["model"],
            show.word(row["outcome"]),
            says[row["valid"]],
            says[row["expected"]],
            str(row["attempts"] or ""),
            f"{row['input_tokens']} + {row['output_tokens']}" if row["attempts"] else "",
            show.dollars(row["usd"]) if row["attempts"] else "",
            show.seconds(row["seconds"]) if row["attempts"] else "",
        )
        for row in told["targets"]
    ]
    show.table(columns, rows)
    for row in told["targets"]:
        said = json.dumps(row["answer"], ensure_ascii=False) if row["valid"] else row["reason"]
        show.line(show.plain(f"{row['target']}: ", "bold"), said)
