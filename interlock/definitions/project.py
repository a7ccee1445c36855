"""A project's declarations as a whole: loaded together, or not at all."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from functions.core.domain.ai_tasks import AiTask
from functions.core.domain.budgets import Budgets
from functions.core.domain.definitions import document_hash, dump_document
from functions.core.domain.documents import Document
from functions.core.domain.operations import System
from functions.core.domain.policies import Policy
from functions.core.domain.targets import Models
from functions.core.domain.task_checks import form_problems, route_problem, sampling_problems
from interlock.definitions.catalog import load_catalog
from interlock.definitions.problems import DefinitionError, DefinitionErrors, Problems
from interlock.definitions.workflows import WorkflowFolder, load_workflows


@dataclass(frozen=True)
class Project:
    """Everything that a project declares; each part of it checked against the others."""

    root: Path
    workflows: tuple[WorkflowFolder, ...]
    ai_tasks: Mapping[str, AiTask]
    golden: Mapping[str, tuple[dict[str, Any], ...]]
    systems: Mapping[str, System]
    models: Models
    budgets: Budgets
    policies: Mapping[str, Policy]

    def workflow(self, name: str) -> WorkflowFolder:
        """Return the workflow called *name*; KeyError if there is none."""
        for workflow in self.workflows:
            if workflow.name == name:
                return workflow
        raise KeyError(name)

    def compile_catalog(self) -> dict[str, Any]:
        """Return the documents of the platform stack: everything but the workflows.

        Raises
        ------
        DefinitionErrors
            When no target of a task's route, as these models have it, may serve the task, or one
            can't be given its output schema or draw as it asks: a stage may have other routes than
            the files that were read.
        """
        unfit = [
            DefinitionError(f"ai_tasks/{name}/{file}", key, reason)
            for name, task in sorted(self.ai_tasks.items())
            for file, key, reason in self._unfit(task)
        ]
        if unfit:
            raise DefinitionErrors(unfit)
        documents: list[tuple[str, str, Document]] = [
            *(("ai_task", name, task) for name, task in sorted(self.ai_tasks.items())),
            ("budgets", "budgets", self.budgets),
            ("models", "models", self.models),
            *(("policy", name, policy) for name, policy in sorted(self.policies.items())),
            *(("system", name, system) for name, system in sorted(self.systems.items())),
        ]
        return {"documents": [_compiled(*entry) for entry in documents]}

    def _unfit(self, task: AiTask) -> Iterator[tuple[str, str, str]]:
        reason = route_problem(task, self.policies[task.policy], self.models)
        if reason is not None:
            yield "task.toml", "route", reason
        for key, why in sampling_problems(task, self.models):
            yield "task.toml", key, why
        for pointer, why in form_problems(task, self.models):
            yield "output.schema.json", pointer, why

    def compile_workflow(self, name: str) -> dict[str, Any]:
        """Return the documents of the stack of the workflow called *name*."""
        return {"documents": [_compiled("workflow", name, self.workflow(name).definition)]}


def load_project(
    root: Path, *, workflows_dir: Path | None = None, catalog_dir: Path | None = None
) -> Project:
    """Read and check a project.

    Parameters
    ----------
    root : Path
        Problems name files relative to it.
    workflows_dir, catalog_dir : Path, optional
        Where a company keeps its own; else `statemachines/workflows` and `catalog` in *root*.

    Raises
    ------
    DefinitionErrors
        With everything that is wrong, each with file, key and reason.
    """
    problems = Problems(root)
    catalog = load_catalog(catalog_dir or root / "catalog", problems)
    workflows = load_workflows(
        workflows_dir or root / "statemachines" / "workflows", catalog, problems
    )
    if problems.found or catalog.models is None or catalog.budgets is None:
        raise DefinitionErrors(problems.found)
    return Project(
        root=root,
        workflows=tuple(workflows),
        ai_tasks=MappingProxyType(catalog.ai_tasks),
        golden=MappingProxyType(catalog.golden),
        systems=MappingProxyType(catalog.systems),
        models=catalog.models,
        budgets=catalog.budgets,
        policies=MappingProxyType(catalog.policies),
    )


def _compiled(kind: str, name: str, document: Document) -> dict[str, Any]:
    content = dump_document(document)
    return {"kind": kind, "name": name, "hash": document_hash(content), "document": content}
