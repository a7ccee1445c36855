"""What teams declare, as checked documents: the catalog's kinds and the workflows.

A document is data only. It is stored by the hash of its canonical JSON and never changes;
reading one re-hashes it first. Messages never repeat what a document says
(`hide_input_in_errors`): drafts and examples may hold personal data.

Each kind has a module of its own, and a function imports the kinds that it reads: making the
classes of all of them is a tenth of a cold start.
"""

from typing import Any, Final, Literal, TypeVar

from functions.core.domain.ai_tasks import AiTask
from functions.core.domain.budgets import Budgets
from functions.core.domain.canonical import canonical, digest
from functions.core.domain.documents import Document
from functions.core.domain.operations import System
from functions.core.domain.policies import Policy
from functions.core.domain.targets import Models
from functions.core.domain.workflows import Workflow

D = TypeVar("D", bound=Document)

Kind = Literal["ai_task", "system", "models", "budgets", "policy", "workflow"]
KINDS: Final[dict[str, type[Document]]] = {
    "ai_task": AiTask,
    "budgets": Budgets,
    "models": Models,
    "policy": Policy,
    "system": System,
    "workflow": Workflow,
}


def parse_document(kind: str, document: dict[str, Any]) -> Document:
    """Read *document* strictly: no text becomes a number, no number a flag.

    Raises
    ------
    pydantic.ValidationError
        Without any input in it.
    """
    return parse_as(KINDS[kind], document)


def parse_as(model: type[D], document: dict[str, Any]) -> D:
    """Read *document* as *model*, as strictly; a file may declare less than what is stored."""
    return model.model_validate_json(canonical(document), strict=True)


def dump_document(document: Document) -> dict[str, Any]:
    """Return *document* as the JSON that is stored and hashed."""
    return document.model_dump(mode="json")


def document_hash(document: dict[str, Any]) -> str:
    """Return the version of a stored document: the SHA-256 of its canonical JSON."""
    return digest(document)
