"""Publishing definitions: a deployment's, and one version without a deployment."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import ValidationError

from functions.core.domain.ai_tasks import AiTask
from functions.core.domain.budgets import Budgets
from functions.core.domain.definitions import dump_document, parse_as, parse_document
from functions.core.domain.documents import Document
from functions.core.domain.errors import (
    DefinitionChanged,
    DefinitionRefused,
    UnknownDefinition,
)
from functions.core.domain.ledger import ORGANISATION
from functions.core.domain.policies import Policy
from functions.core.domain.policy_checks import parent_of, publishing_problems
from functions.core.domain.targets import Models
from functions.core.ports import Clock
from functions.core.services.catalog import Catalog
from functions.core.services.ledger import Ledger


def publish(
    catalog: Catalog, ledger: Ledger, clock: Clock, compiled: Mapping[str, Any], *, by: str
) -> list[str]:
    """Publish every document of *compiled*; open the budgets' current period.

    Returns
    -------
    list of str
        The versions, in the order of the documents.

    Raises
    ------
    DefinitionChanged
        A document does not have the hash that it was compiled with.
    """
    versions = []
    for entry in compiled["documents"]:
        document = parse_document(entry["kind"], entry["document"])
        version = catalog.publish(entry["kind"], entry["name"], entry["document"], by=by)
        if version != entry["hash"]:
            raise DefinitionChanged(f"{entry['kind']} {entry['name']} was changed on its way")
        versions.append(version)
        if isinstance(document, Budgets):
            for budget in document.budgets:
                if budget.scope == ORGANISATION:  # the others are opened by who needs them first
                    ledger.open_period(budget.grant(None), clock.now())
    return versions


@dataclass(frozen=True)
class Published:
    """A version, and whether it is new."""

    version: str
    new: bool


def publish_task(
    catalog: Catalog, name: str, document: dict[str, Any], *, by: str, why: str
) -> Published:
    """Store an AI task's *document* as a version that no label names yet.

    Whoever sends it is not believed: it is read as strictly as a deployment's, and judged by the
    same rules, against the models and policies that are live here.

    Raises
    ------
    DefinitionRefused
        With everything that is wrong with it, each with place and reason.
    """
    # a deployment's tasks were checked before, and a label's move asks for none of it
    from functions.core.domain.task_checks import task_problems  # noqa: PLC0415

    task = _read(AiTask, document)
    _, models = catalog.live("models", "models", Models)
    problems = [*task_problems(task, models, _policy(catalog, task.policy))]
    if task.name != name:
        problems.append(("name", f"is not {name!r}"))
    if problems:
        raise refused(problems)
    return Published(*catalog.put("ai_task", name, dump_document(task), by=by, why=why))


def publish_policy(
    catalog: Catalog, clock: Clock, name: str, document: dict[str, Any], *, by: str, why: str
) -> Published:
    """Store a policy's *document*, as it holds, as a version that no label names yet.

    Whoever sends it is not believed: it is compared with the policy above it that is live here.

    Raises
    ------
    DefinitionRefused
        With everything that is wrong with it, each with key and reason.
    """
    policy = _read(Policy, document)
    parent, live = live_parent(catalog, policy), _policy(catalog, name)
    problems = [*publishing_problems(policy, live, parent, clock.now().date())]
    if policy.name != name:
        problems.append(("name", f"is not {name!r}"))
    if problems:
        raise refused(problems)
    return Published(*catalog.put("policy", name, dump_document(policy), by=by, why=why))


def live_parent(catalog: Catalog, policy: Policy) -> Policy | None:
    """Return the policy above *policy* as it is live; None where there is none."""
    above = parent_of(policy)
    return _policy(catalog, above) if above else None


_Document = TypeVar("_Document", bound=Document)


def _read(model: type[_Document], document: dict[str, Any]) -> _Document:
    try:
        return parse_as(model, document)
    except ValidationError as problem:
        raise refused(
            (".".join(map(str, error["loc"])), error["msg"])
            for error in problem.errors(include_input=False, include_url=False)
        ) from None


def _policy(catalog: Catalog, name: str) -> Policy | None:
    try:
        return catalog.live("policy", name, Policy)[1]
    except UnknownDefinition:
        return None


def refused(problems: Iterable[tuple[str, str]]) -> DefinitionRefused:
    """Return the error that names each key with its reason."""
    return DefinitionRefused("; ".join(f"{key}: {reason}" for key, reason in problems))
