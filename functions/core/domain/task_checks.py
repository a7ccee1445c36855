"""What an AI task must be before it is published, beyond the form of its document.

The same rules judge a project's files and what somebody publishes without a deployment: nobody's
word is taken for it that they were kept.
"""

from collections.abc import Iterator, Mapping
from itertools import chain
from typing import Any

from functions.core.domain.agreement import agreement_misfits
from functions.core.domain.ai_tasks import AiTask
from functions.core.domain.declared_schemas import instance_problems, schema_problems
from functions.core.domain.errors import OnRecordError
from functions.core.domain.guards.answer.business import rule_problem
from functions.core.domain.inputs.reading import as_written, read_inputs
from functions.core.domain.ladder import misfit
from functions.core.domain.policies import Policy
from functions.core.domain.prompts import template_problems
from functions.core.domain.sampling import sampling_misfits
from functions.core.domain.serving import data_class, objections, servers
from functions.core.domain.targets import Models


def task_problems(task: AiTask, models: Models, policy: Policy | None) -> Iterator[tuple[str, str]]:
    """Yield (key, reason) for all that is wrong with *task* among these *models*.

    *policy* is what holds under the one that it names; None: it names one that does not exist.
    """
    if policy is None:
        yield "policy", f"no policy {task.policy!r}"
    broken = False
    for key, schema in _schemas(task):
        for pointer, reason in schema_problems(schema):
            broken = True
            yield f"{key}{pointer}", reason
    declared = set(task.variables_schema.get("properties", {}))
    for reason in template_problems(task.user, declared):
        yield "user", reason
    yield from route_problems(task, models, policy)
    if not broken:
        for name, reason in rule_problems(task, policy) if policy else ():
            yield "policy", f"answer.business.rules.{name}: {reason}"
        yield from (
            (f"output_schema{pointer}", why) for pointer, why in form_problems(task, models)
        )
        yield from _example_problems(task)


def _schemas(task: AiTask) -> tuple[tuple[str, dict[str, Any]], ...]:
    return ("variables_schema", task.variables_schema), ("output_schema", task.output_schema)


def _example_problems(task: AiTask) -> Iterator[tuple[str, str]]:
    for index, example in enumerate(task.examples):
        for (_, schema), value in zip(
            _schemas(task), (example.variables, example.output), strict=True
        ):
            for pointer, reason in instance_problems(schema, value):
                yield f"examples.{index}{pointer}", reason
        if problem := reading_problem(task, example.variables):
            yield f"examples.{index}", problem


def reading_problem(task: AiTask, variables: Mapping[str, Any]) -> str | None:
    """Return why *task* can't read *variables* of a case in the catalog, or None if it can.

    A case gives a PDF by its text.
    """
    try:
        read_inputs(task, variables, as_written)
    except OnRecordError as problem:
        return f"{type(problem).__name__}: {problem}"
    return None


def rule_problems(task: AiTask, policy: Policy) -> Iterator[tuple[str, str]]:
    """Yield (name, reason) of each business rule of *policy* that can't be asked of *task*."""
    for name, rule in policy.answer.business.rules.items():
        reason = rule_problem(rule, task.output_schema, task.variables_schema)
        if reason is not None:
            yield name, reason


def route_problems(
    task: AiTask, models: Models, policy: Policy | None
) -> Iterator[tuple[str, str]]:
    """Yield (key, reason) where *task*'s route leads nowhere, or to a target that can't do it."""
    route = models.route(task.route)
    if route is None:
        yield "route", f"no route {task.route!r} in models.toml"
        return
    if policy is not None and (reason := route_problem(task, policy, models)):
        yield "route", reason
    for name in route.names:
        most = models.targets[name].limits.output_tokens
        if task.limits.max_output_tokens > most:
            yield "limits.max_output_tokens", f"target {name!r} gives {most} at most"
    yield from sampling_problems(task, models)


def route_problem(task: AiTask, policy: Policy, models: Models) -> str | None:
    """Return why no target of *task*'s route may serve it, or None if one may."""
    route = models.route(task.route)
    if route is None:
        return f"no route {task.route!r} in models.toml"
    data = data_class(task, policy)
    if servers(models, route, data):
        return None
    each = "; ".join(map(str, objections(models, route, data)))
    return f"no target of route {task.route!r} may serve {task.name}: {each}"


def form_problems(task: AiTask, models: Models) -> Iterator[tuple[str, str]]:
    """Yield (JSON pointer, reason) where a target can't be given *task*'s output schema.

    What it could be given would mean something else. Targets are those of the task's route.
    """
    route = models.route(task.route)
    for name in route.names if route else ():
        problem = misfit(task.output_schema, models.targets[name])
        if problem is not None:
            reason = f"{problem.keyword} can't be given to target {name!r}"
            yield problem.pointer, f"{reason} ({problem.subset}): {problem.why}"


def sampling_problems(task: AiTask, models: Models) -> Iterator[tuple[str, str]]:
    """Yield (key, reason) where a target of *task*'s route can't draw as *task* asks."""
    route = models.route(task.route)
    for name in route.names if route else ():
        target = models.targets[name]
        found = chain(
            sampling_misfits(task.sampling, target),
            agreement_misfits(task.agreement, task.sampling, target),
        )
        yield from ((key, f"target {name!r} {reason}") for key, reason in found)
