"""`interlock tasks try`: one AI task on this machine, in one process, with nothing recorded."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from interlock.cli import show
from interlock.cli.event_text import read_text
from interlock.cli.exits import Exit, NotFound, UsageProblem
from interlock.cli.options import examples, json_option

if TYPE_CHECKING:
    from functions.core.domain.ai_tasks import AiTask
    from functions.core.domain.targets import Models
    from interlock.definitions.catalog import Catalog
    from interlock.places import Place
    from interlock.trying import Attempt, Tried

SHORT = 12
VOTE = 4
DOUBTFUL = ("NO_AGREEMENT", "LOW_CONFIDENCE")
"""Answers that fit, and were not taken."""
WELL = ("accepted", "VOTED")
EMBEDDED = "embedded-lexical-1"


@click.command(
    "try",
    epilog=examples(
        "interlock tasks try classify_ticket",
        'interlock tasks try classify_ticket subject="Wrong bill" text="I was charged twice."',
        "interlock tasks try classify_ticket --input ticket.json --target house_model",
        "interlock tasks try read_claim claim=@claim.pdf costs=@costs.csv",
        "MODEL_URL=http://localhost:11434/v1 MODEL=llama3.2 interlock tasks try classify_ticket",
        shape="{task, version, route: [target], variables_from, outcome, reason, answer,\n"
        " expected, as_expected, wait_seconds, seconds,\n"
        " attempts: [{number, target, model, status, verdict, repairing, input_tokens,\n"
        "   output_tokens, usd, worst_usd, seconds, inputs, vote, messages, text}],\n"
        " totals: {input_tokens, output_tokens, usd}};\n"
        " usd is null where nobody said a price; messages and text with --prompt",
    ),
)
@click.argument("name")
@click.argument("values", nargs=-1, metavar="[KEY=VALUE]...")
@click.option(
    "--input",
    "inputs",
    multiple=True,
    metavar="FILE|KEY=VALUE",
    help="Variables: a JSON object in a FILE, - for standard input, or KEY=VALUE; repeatable. "
    "KEY=@FILE takes a text from a file, or the file itself where task.toml declares one.",
)
@click.option("--target", metavar="NAME", help="A target of models.toml, in place of the route.")
@click.option("--prompt", is_flag=True, help="Show what is sent, and what came back unread.")
@json_option
def try_(
    name: str,
    values: tuple[str, ...],
    *,
    inputs: tuple[str, ...],
    target: str | None,
    prompt: bool,
    as_json: bool,
) -> None:
    """Try an AI task as its files are now: answer, verdicts, tokens and cost.

    It needs no cloud and records nothing. What runs is what a deployed step runs: rendering,
    bounds, the model's client, the whole output schema, one repair, the route's next target.
    Without variables the first case of golden.jsonl is tried, and compared.

    MODEL_URL and MODEL choose an endpoint that speaks OpenAI's chat completions; with --target
    they replace that target's address and model. Its key is read from OPENAI_API_KEY; the key
    of a target with `secret = "house"` from HOUSE_API_KEY. Keys are never written anywhere.
    """
    from interlock.places import find

    place = find()
    task, catalog = task_of(place, name)
    given, source, expected = variables_of(task, catalog, name, (*inputs, *values))
    models, route, base_urls = _models(task, catalog, target)
    tried, seconds = _try(task, catalog, models, base_urls, given)
    told = {
        "task": name,
        "route": route,
        "variables_from": source,
        **_as_json(tried, models, route, prompt=prompt),
        "expected": expected,
        "as_expected": None if expected is None else tried.answer == expected,
        "seconds": round(seconds, 3),
    }
    if as_json:
        show.as_json(told)
    else:
        _say(tried, told, prompt=prompt)
    if not tried.good:
        raise click.exceptions.Exit(Exit.BAD)


def task_of(place: "Place", name: str) -> "tuple[AiTask, Catalog]":
    """Return the task and its catalog; what is wrong elsewhere does not matter here."""
    from interlock.cli.declaring import of_folder
    from interlock.definitions.catalog import load_catalog
    from interlock.definitions.problems import DefinitionErrors, Problems

    problems = Problems(place.root)
    catalog = load_catalog(place.catalog, problems)
    folder = place.catalog / "ai_tasks" / name
    if not folder.is_dir():
        known = ", ".join(sorted(catalog.ai_tasks)) or "none"
        raise NotFound(
            f"there is no AI task {name} in {place.shown(folder.parent)} (there are: {known})",
            f"interlock tasks new {name} makes one",
        )
    task = catalog.ai_tasks.get(name)
    own = of_folder(place, folder, problems).found
    whole = catalog.models and catalog.budgets and task and task.policy in catalog.policies
    if own or not whole:
        raise DefinitionErrors(own or problems.found)
    assert task is not None  # noqa: S101  (`whole` says so; for mypy)
    return task, catalog


def variables_of(
    task: "AiTask", catalog: "Catalog", name: str, given: Sequence[str]
) -> tuple[dict[str, Any], str, Any]:
    """Return the variables, where they came from, and the answer that golden.jsonl expects."""
    if not given:
        rows = catalog.golden.get(name, ())
        if not rows:
            raise UsageProblem("give variables: KEY=VALUE, or --input FILE")
        return dict(rows[0]["variables"]), "golden.jsonl, line 1", rows[0]["output"]
    found: dict[str, Any] = {}
    for text in given:
        key, equals, value = text.partition("=")
        if equals and key.isidentifier():
            found[key] = _value(task, key, value)
        else:
            found |= _object(text)
    return found, "the command line", None


def _value(task: "AiTask", key: str, text: str) -> Any:
    """Return *text* as the variable's schema wants it; a text stays one."""
    part = task.variables_schema.get("properties", {}).get(key, {})
    if text.startswith("@"):
        if key in (task.inputs or {}) and "object" in part.get("type", ()):
            return _file(text[1:])
        text = read_text(text[1:])
    if part.get("type", "string") == "string":
        return text
    try:
        return json.loads(text)
    except ValueError:
        return text  # the schema then says what it had to be


def _file(path: str) -> dict[str, str]:
    """Return a file as an event would bring it."""
    import base64

    from functions.core.domain.inputs.declared import FILE

    try:
        return {FILE: base64.b64encode(Path(path).read_bytes()).decode()}
    except OSError as error:
        raise UsageProblem(f"{path} can't be read: {error.strerror}") from None


def _object(file: str) -> dict[str, Any]:
    text = read_text(file)
    try:
        value = json.loads(text)
    except ValueError as error:
        raise UsageProblem(f"{file} is not JSON: {error}") from None
    if not isinstance(value, dict):
        raise UsageProblem(f"{file} is no JSON object")
    return value


def _models(
    task: "AiTask", catalog: "Catalog", wanted: str | None
) -> "tuple[Models, list[str], dict[str, str]]":
    """Return the models with the task's route as it was chosen, that route, and addresses."""
    import os

    from functions.core.domain.targets import Models
    from interlock import model_access

    models = catalog.models
    assert models is not None  # noqa: S101  (`task_of` saw to it; for mypy)
    document = models.model_dump(mode="json")
    address, model = os.environ.get(model_access.URL), os.environ.get(model_access.MODEL)
    if wanted is None and address:
        own = model_access.target_from_environment()
        if own is None:
            raise UsageProblem(f"{model_access.URL} is set: say {model_access.MODEL}, too")
        wanted = model_access.OWN_TARGET
        document["targets"][wanted] = own
        address = None
    if wanted is None:
        route = models.route(task.route)
        return models, list(route.names if route else ()), {}
    if wanted not in document["targets"]:
        raise NotFound(
            f"models.toml has no target {wanted}", f"there are: {', '.join(models.targets)}"
        )
    if address and model:
        document["targets"][wanted]["model"] = model
    document["routes"][task.route] = [wanted]
    changed = Models.model_validate_json(json.dumps(document))
    return changed, [wanted], {wanted: address} if address else {}


def _try(
    task: "AiTask",
    catalog: "Catalog",
    models: "Models",
    base_urls: Mapping[str, str],
    variables: Mapping[str, Any],
) -> "tuple[Tried, float]":
    import time

    from interlock.model_access import Clients
    from interlock.trying import Trial, compiled

    assert catalog.budgets is not None  # noqa: S101  (`task_of` saw to it; for mypy)
    documents = compiled(task, models, catalog.budgets, catalog.policies[task.policy])
    began = time.monotonic()
    with show.working(f"trying {task.name}"), Clients(base_urls) as clients:
        tried = Trial(documents, task.name, clients).of(variables)
    return tried, time.monotonic() - began


def _as_json(
    tried: "Tried", models: "Models", route: Sequence[str], *, prompt: bool
) -> dict[str, Any]:
    from decimal import Decimal

    priced = not any(models.targets[name].prices.source.startswith("not known") for name in route)
    hidden = () if prompt else ("messages", "text")
    attempts = [
        {key: value for key, value in vars(one).items() if key not in hidden}
        | ({} if priced else {"usd": None, "worst_usd": None})
        for one in tried.attempts
    ]
    usd = format(sum((Decimal(one.usd) for one in tried.attempts), Decimal(0)), "f")
    return {
        "version": tried.version,
        "outcome": tried.outcome,
        "reason": tried.reason,
        "answer": tried.answer,
        "wait_seconds": tried.wait_seconds,
        "attempts": attempts,
        "totals": {
            "input_tokens": sum(one.input_tokens for one in tried.attempts),
            "output_tokens": sum(one.output_tokens for one in tried.attempts),
            "usd": usd if priced else None,
        },
    }


def _say(tried: "Tried", told: Mapping[str, Any], *, prompt: bool) -> None:
    version = f"@{tried.version[:SHORT]}, as its files are now"
    show.line(show.plain(told["task"], "bold"), version)
    show.line("variables from ", told["variables_from"])
    for attempt in tried.attempts:
        _say_attempt(attempt, priced=told["totals"]["usd"] is not None, prompt=prompt)
    why = f"  {tried.reason}" if tried.reason else ""
    show.line(show.word(tried.outcome), why)
    last = tried.attempts[-1] if tried.attempts else None
    unfit = tried.outcome == "REJECTED_OUTPUT" and tried.reason not in DOUBTFUL
    if unfit and last and last.model == EMBEDDED:
        show.line("the embedded model compares words and found nothing for what is required: give")
        show.line("task.toml an example ([[examples]]), or ask a real model: MODEL_URL=… MODEL=…")
    if tried.wait_seconds:
        show.line(f"the model asks to wait {tried.wait_seconds} s; a run would wait and try again")
    if tried.answer is not None:
        show.raw(json.dumps(tried.answer, indent=2, ensure_ascii=False))
    if told["as_expected"] is False and tried.answer is not None:
        for text in _differences(told["expected"], tried.answer):
            show.line("golden.jsonl expects ", show.plain(text, "yellow"))
    elif told["as_expected"]:
        show.line("as golden.jsonl expects")
    totals = told["totals"]
    cost = "cost not known (no price)" if totals["usd"] is None else show.dollars(totals["usd"])
    tokens = f"{totals['input_tokens']} + {totals['output_tokens']} tokens"
    show.line(f"{tokens}, {cost}, {show.seconds(told['seconds'])}; nothing was recorded")


def _differences(expected: Any, answer: Any) -> list[str]:
    """Return what the case says otherwise, field by field where both are objects."""
    if not (isinstance(expected, dict) and isinstance(answer, dict)):
        return [json.dumps(expected, ensure_ascii=False)]
    return [
        f"{name} {json.dumps(expected[name], ensure_ascii=False) if name in expected else 'absent'}"
        for name in dict.fromkeys((*expected, *answer))
        if expected.get(name, ...) != answer.get(name, ...)
    ]


def _say_attempt(attempt: "Attempt", *, priced: bool, prompt: bool) -> None:
    if prompt:
        for message in attempt.messages:
            show.line(message["role"], style="bold")
            show.raw(message["content"])
        show.line("came back", style="bold")
        show.raw(attempt.text or f"({attempt.status}, no text)")
    for one in attempt.inputs:
        facts = [f"{key} {value}" for key, value in one.items() if key not in ("rule", "at")]
        show.line(f"read {one['at'][1:]}: ", ", ".join(facts))
    kind = "repair" if attempt.repairing else "attempt"
    model = f" ({attempt.model})" if attempt.model else ""
    used = f"{attempt.input_tokens} + {attempt.output_tokens} tokens"
    worst = "" if attempt.worst_usd == "0" else f" of at most {show.dollars(attempt.worst_usd)}"
    usd = f", {show.dollars(attempt.usd)}{worst}"
    show.line(
        f"{kind} {attempt.number}  {attempt.target}{model} {attempt.status}, {used}",
        usd if priced else "",
        f", {show.seconds(attempt.seconds)}: ",
        show.plain(attempt.verdict, "green" if attempt.verdict in WELL else "red"),
        f" vote {attempt.vote[:VOTE]}" if attempt.vote else "",
    )
