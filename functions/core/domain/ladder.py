"""The forms in which a model is asked for its answer, from the strongest to the weakest."""

import json
from collections.abc import Iterable
from functools import lru_cache
from typing import Final

from functions.core.domain import schema_subsets as subsets
from functions.core.domain.answer_faults import AnswerFault
from functions.core.domain.models import Form
from functions.core.domain.schema_forms import SchemaNotExpressible, express
from functions.core.domain.schema_subsets import Subset
from functions.core.domain.schemas import Schema
from functions.core.domain.targets import Target

_SUBSETS: Final[dict[str, dict[Form, Subset]]] = {
    "openai_chat": {Form.JSON_SCHEMA: subsets.OPENAI_STRICT, Form.TOOL: subsets.TOOL},
    "openai_responses": {Form.JSON_SCHEMA: subsets.OPENAI_STRICT, Form.TOOL: subsets.TOOL},
    "anthropic_messages": {Form.JSON_SCHEMA: subsets.ANTHROPIC, Form.TOOL: subsets.TOOL},
    "bedrock_converse": {Form.JSON_SCHEMA: subsets.BEDROCK, Form.TOOL: subsets.BEDROCK_TOOL},
    "gemini_generate": {Form.JSON_SCHEMA: subsets.GEMINI, Form.TOOL: subsets.GEMINI},
}
"""Dialect -> form -> what it accepts; a dialect that is not here is given the schema as it is."""

_FORM_NOT_KEPT: Final = frozenset(
    {
        AnswerFault.EMPTY,
        AnswerFault.MARKUP,
        AnswerFault.NO_JSON,
        AnswerFault.NOT_STRICT,
        AnswerFault.TWO_VALUES,
    }
)
"""What a form should have prevented: the target promised it, and does not keep it."""


def forms_of(target: Target) -> tuple[Form, ...]:
    """Return the forms that *target* can be asked in, the strongest first."""
    declared = (Form.JSON_SCHEMA, Form.TOOL, Form.JSON_OBJECT)
    return (*(form for form in declared if form in target.capabilities), Form.PROMPT)


def rung(target: Target, schema: Schema, faults: Iterable[AnswerFault] = ()) -> Form:
    """Return the form in which *target* is asked next.

    Parameters
    ----------
    schema
        The task's; a form that can't express it is passed over.
    faults
        What was wrong with its earlier answers in this step: each that shows that a form was
        not kept leads one rung down. An answer in form that misses the schema leads nowhere:
        showing the model its error cures that.
    """
    forms = [form for form in forms_of(target) if _is_expressible(schema, target, form)]
    down = sum(fault in _FORM_NOT_KEPT for fault in faults)
    return forms[min(down, len(forms) - 1)]


def schema_for(schema: Schema, target: Target, form: Form) -> Schema:
    """Return *schema* as *target* accepts it in *form*.

    Raises
    ------
    SchemaNotExpressible
        Where that would change its meaning.
    """
    subset = _SUBSETS.get(target.dialect, {}).get(form)
    if subset is None:
        return schema
    expressed: Schema = json.loads(_expressed(json.dumps(schema), subset))
    return expressed


def misfit(schema: Schema, target: Target) -> SchemaNotExpressible | None:
    """Return why *target* can't be given *schema* in its strongest form; None if it can."""
    try:
        schema_for(schema, target, forms_of(target)[0])
    except SchemaNotExpressible as problem:
        return problem
    return None


def fills_absent_with_null(target: Target, form: Form) -> bool:
    """Say whether an answer in this form names absent properties, as null."""
    subset = _SUBSETS.get(target.dialect, {}).get(form)
    return subset is not None and subset.all_required


@lru_cache(maxsize=128)
def _expressed(text: str, subset: Subset) -> str:
    # Texts, for a cache; in the schema's own order, which is the order of the answer.
    return json.dumps(express(json.loads(text), subset))


def _is_expressible(schema: Schema, target: Target, form: Form) -> bool:
    try:
        schema_for(schema, target, form)
    except SchemaNotExpressible:
        return False
    return True
