"""The catalog folder: AI tasks, systems, models, budgets and policies."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, TypeVar

from pydantic import ValidationError

from functions.core.domain import inheritance
from functions.core.domain.ai_tasks import AiTask
from functions.core.domain.budgets import Budgets
from functions.core.domain.canonical import canonical
from functions.core.domain.declared_schemas import instance_problems
from functions.core.domain.definitions import parse_as
from functions.core.domain.documents import Document
from functions.core.domain.errors import PromptTooLarge, VariablesRejected
from functions.core.domain.guards.answer.business import rule_problem
from functions.core.domain.inheritance import effective, lineage, team_problems
from functions.core.domain.inputs.reading import as_written, read_inputs
from functions.core.domain.operations import System
from functions.core.domain.policies import DeclaredPolicy, Policy
from functions.core.domain.prompts import render_prompt, template_problems
from functions.core.domain.routes import UNSAID_CLASS
from functions.core.domain.targets import EMBEDDED, Models
from functions.core.domain.task_checks import (
    form_problems,
    reading_problem,
    route_problems,
    rule_problems,
)
from interlock.definitions.budgets import budget_problems
from interlock.definitions.files import (
    check_folder,
    read_json_lines,
    read_json_object,
    read_text,
    read_toml,
    subfolders,
)
from interlock.definitions.json_schemas import check_schema
from interlock.definitions.problems import Problems

D = TypeVar("D", bound=Document)

TASK_FILES: Final = {
    "system": "system.md",
    "user": "user.md",
    "output_schema": "output.schema.json",
    "variables_schema": "variables.schema.json",
}
GOLDEN: Final = "golden.jsonl"
RULES: Final = "answer.business.rules"
_PLACEHOLDERS: Final = {
    "system": "-",
    "user": "-",
    "output_schema": {"type": "object"},
    "variables_schema": {"type": "object"},
}


@dataclass
class Catalog:
    """Everything that the catalog folder declares."""

    ai_tasks: dict[str, AiTask] = field(default_factory=dict)
    golden: dict[str, tuple[dict[str, Any], ...]] = field(default_factory=dict)
    systems: dict[str, System] = field(default_factory=dict)
    declared_policies: dict[str, DeclaredPolicy] = field(default_factory=dict)
    policies: dict[str, Policy] = field(default_factory=dict)
    """What holds under each of them."""
    models: Models | None = None
    budgets: Budgets | None = None


def load_catalog(folder: Path, problems: Problems) -> Catalog:
    """Read *folder*; everything that is wrong goes into *problems*."""
    catalog = Catalog()
    if not folder.is_dir():
        problems.add(folder, "", "missing folder")
        return catalog
    check_folder(
        folder,
        problems,
        files=frozenset({"models.toml", "budgets.toml"}),
        folders=frozenset({"ai_tasks", "policies", "systems"}),
    )
    catalog.models = _load_single(folder / "models.toml", Models, problems)
    catalog.budgets = _load_single(folder / "budgets.toml", Budgets, problems)
    catalog.declared_policies = _load_files(folder / "policies", DeclaredPolicy, problems)
    catalog.policies = _effective(folder / "policies", catalog.declared_policies, problems)
    catalog.systems = _load_files(folder / "systems", System, problems)
    for name, system in catalog.systems.items():
        _check_operations(folder / "systems" / f"{name}.toml", system, problems)
    tasks = subfolders(folder / "ai_tasks", problems)
    for task_folder in tasks:
        _load_task(task_folder, catalog, problems)
    if catalog.budgets is not None:
        team_of = {name: task.team for name, task in catalog.ai_tasks.items()}
        found = budget_problems(catalog.budgets, team_of, [one.name for one in tasks])
        for key, reason in found:
            problems.add(folder / "budgets.toml", key, reason)
    return catalog


def load_document(
    file: Path,
    model: type[D],
    table: dict[str, Any],
    problems: Problems,
    *,
    elsewhere: dict[str, Path] | None = None,
    skip: frozenset[str] = frozenset(),
) -> D | None:
    """Return the document of *model* that *table* is, else None with the problems noted."""
    try:
        return parse_as(model, table)
    except ValidationError as problem:
        problems.add_validation(file, problem, elsewhere=elsewhere, skip=skip)
        return None


def _load_single(file: Path, model: type[D], problems: Problems) -> D | None:
    if not file.is_file():
        return None  # check_folder named it
    table = read_toml(file, problems)
    if table is not None and model is Models:
        _say_data_classes(table)
    return None if table is None else load_document(file, model, table, problems)


def _say_data_classes(table: dict[str, Any]) -> None:
    """Write down what each target may be given where the file leaves it open: not everything."""
    targets = table.get("targets")
    for target in targets.values() if isinstance(targets, dict) else ():
        if isinstance(target, dict):
            inside = target.get("dialect") == EMBEDDED
            target.setdefault("max_data_class", "personal" if inside else UNSAID_CLASS)


def _load_files(folder: Path, model: type[D], problems: Problems) -> dict[str, D]:
    if not folder.is_dir():
        problems.add(folder, "", "missing folder")
        return {}
    found: dict[str, D] = {}
    for file in sorted(folder.iterdir()):
        if file.name.startswith((".", "README")):
            continue
        if file.suffix != ".toml":
            problems.add(file, "", f"unknown {'folder' if file.is_dir() else 'file'}")
            continue
        table = read_toml(file, problems)
        if table is None:
            continue
        check_name(file, table, file.stem, problems)
        document = load_document(file, model, table, problems)
        if document is not None:
            found[file.stem] = document
    return found


def _effective(
    folder: Path, declared: dict[str, DeclaredPolicy], problems: Problems
) -> dict[str, Policy]:
    """Return what holds under each policy that stands; what keeps one from it is noted."""
    broken = set()
    for name, policy in declared.items():
        for rule, expression in policy.answer.business.rules.items():
            if reason := rule_problem(expression):
                problems.add(folder / f"{name}.toml", f"{RULES}.{rule}", reason)
                broken.add(name)
    for name, key, reason in inheritance.problems(declared, datetime.now(UTC).date()):
        problems.add(folder / f"{name}.toml", key, reason)
        broken.add(name)
    return {} if broken else {n: effective(lineage(n, declared)) for n in declared}


def check_name(file: Path, table: dict[str, Any], expected: str, problems: Problems) -> None:
    """Note it where a declaration is named differently from where it lies."""
    name = table.get("name")
    if isinstance(name, str) and name != expected:
        problems.add(file, "name", f"is not {expected!r}, the name of where it lies")


def _check_operations(file: Path, system: System, problems: Problems) -> None:
    for name, operation in system.operations.items():
        key = f"operations.{name}"
        check_schema(file, operation.request_schema, problems, key=f"{key}.request_schema")
        check_schema(file, operation.response_schema, problems, key=f"{key}.response_schema")


def _load_task(folder: Path, catalog: Catalog, problems: Problems) -> None:
    check_folder(
        folder,
        problems,
        files=frozenset({"task.toml", GOLDEN, *TASK_FILES.values()}),
        folders=frozenset(),
    )
    file = folder / "task.toml"
    table = read_toml(file, problems) if file.is_file() else None
    parts = _read_parts(folder, problems)
    whole = all(part is not None for part in parts.values())
    if table is None:
        return
    check_name(file, table, folder.name, problems)
    for key in sorted(set(table) & set(TASK_FILES)):
        problems.add(file, key, f"unknown key: it stands in {TASK_FILES[key]}")
        return
    given = {key: _PLACEHOLDERS[key] if part is None else part for key, part in parts.items()}
    elsewhere = {key: folder / name for key, name in TASK_FILES.items()}
    task = load_document(file, AiTask, table | given, problems, elsewhere=elsewhere)
    if task is None:
        return
    _check_references(file, task, catalog, problems)
    if whole:
        for pointer, reason in form_problems(task, catalog.models) if catalog.models else ():
            problems.add(elsewhere["output_schema"], pointer, reason)
        _check_rules(folder, task, catalog, problems)
        golden = _check_cases(folder, task, catalog, problems)
        catalog.golden[folder.name] = golden
        catalog.ai_tasks[folder.name] = task


def _read_parts(folder: Path, problems: Problems) -> dict[str, Any]:
    parts: dict[str, Any] = {}
    for key, name in TASK_FILES.items():
        file = folder / name
        parts[key] = None
        if not file.is_file():
            continue
        if not name.endswith(".json"):
            parts[key] = read_text(file, problems)
            continue
        schema = read_json_object(file, problems)
        if schema is not None and check_schema(file, schema, problems):
            parts[key] = schema
    if parts["user"] is not None and parts["variables_schema"] is not None:
        declared = set(parts["variables_schema"].get("properties", {}))
        for reason in template_problems(parts["user"], declared):
            line, told, rest = reason.partition(": ")
            at_line = told and line.startswith("line ")
            problems.add(folder / "user.md", line if at_line else "", rest if at_line else reason)
            parts["user"] = None
    return parts


def _check_references(file: Path, task: AiTask, catalog: Catalog, problems: Problems) -> None:
    if task.policy not in catalog.declared_policies:
        problems.add(file, "policy", f"no policy {task.policy!r}")
    elif policy := catalog.policies.get(task.policy):
        for reason in team_problems(task.team, policy, catalog.declared_policies):
            problems.add(file, "policy", reason)
    if catalog.models is not None:
        policy = catalog.policies.get(task.policy)
        for key, reason in route_problems(task, catalog.models, policy):
            problems.add(file, key, reason)


def _check_rules(folder: Path, task: AiTask, catalog: Catalog, problems: Problems) -> None:
    """Note business rules over fields that *task* does not have, where the rules stand."""
    policy = catalog.policies.get(task.policy)
    if policy is None:
        return
    for rule, reason in rule_problems(task, policy):
        sayer = next(
            name
            for name in policy.lineage
            if rule in catalog.declared_policies[name].answer.business.rules
        )
        file = folder.parent.parent / "policies" / f"{sayer}.toml"
        problems.add(file, f"{RULES}.{rule}", f"task {task.name}: {reason}")


def _check_cases(
    folder: Path, task: AiTask, catalog: Catalog, problems: Problems
) -> tuple[dict[str, Any], ...]:
    """Check examples and golden rows alike: they fit, they render, and none is in both."""
    shown, before = set(), len(problems.found)
    for index, example in enumerate(task.examples):
        _check_case(folder / "task.toml", f"examples.{index}", task, example.model_dump(), problems)
        shown.add(canonical(example.variables))
    whole = len(problems.found) == before  # every prompt of the task shows its examples
    golden = []
    for number, row in read_json_lines(folder / GOLDEN, problems):
        file, key = folder / GOLDEN, f"line {number}"
        if not isinstance(row, dict) or set(row) != {"variables", "output"}:
            problems.add(file, key, "a row has exactly the keys variables and output")
            continue
        if canonical(row["variables"]) in shown:
            problems.add(file, key, "is an example of the task too, so it measures nothing")
        if _check_case(file, key, task, row, problems):
            if whole:
                _check_rendering(file, key, task, row["variables"], catalog, problems)
            golden.append(row)
    return tuple(golden)


def _check_case(
    file: Path, key: str, task: AiTask, case: dict[str, Any], problems: Problems
) -> bool:
    before = len(problems.found)
    if reason := reading_problem(task, case["variables"]):
        problems.add(file, key, reason)
    for part, schema in (("variables", task.variables_schema), ("output", task.output_schema)):
        for pointer, reason in instance_problems(schema, case[part]):
            problems.add(file, key, f"{part}{pointer} {reason}")
    return len(problems.found) == before


def _check_rendering(
    file: Path,
    key: str,
    task: AiTask,
    variables: dict[str, Any],
    catalog: Catalog,
    problems: Problems,
) -> None:
    policy = catalog.policies.get(task.policy)
    if policy is None:
        return
    try:
        render_prompt(
            task,
            read_inputs(task, variables, as_written).values,
            given=variables,
            fence_key=b"-",
            max_bytes=policy.max_prompt_bytes,
        )
    except PromptTooLarge as problem:
        problems.add(file, key, f"the prompt is too large: {problem}")
    except VariablesRejected as problem:
        problems.add(file, key, str(problem))
