"""Recalling: what the exact cache holds for a call that is about to be prepared."""

from typing import Any

from functions.core.domain.ai_step import Cached
from functions.core.domain.ai_tasks import AiTask
from functions.core.domain.answers import AnswerProblem, read_answer
from functions.core.domain.models import Form
from functions.core.domain.prompts import RenderedPrompt
from functions.core.domain.targets import Target
from functions.core.services.artifacts import TEXT
from functions.core.services.tools import Tools

_FORMAT = 1
"""Of the entries; another one is another question."""


def question_of(
    task: AiTask,
    prompt: RenderedPrompt,
    target: Target,
    form: Form,
    tokens_out: int,
    *,
    pins: dict[str, str],
    target_name: str,
) -> dict[str, Any]:
    """Return everything that goes into a call, as it is sent.

    Parameters
    ----------
    pins
        The versions that hold for the run: an answer serves under the task and the policy that
        it was given under, and under no other.
    """
    return {
        "format": _FORMAT,
        "task": pins[f"ai_task#{task.name}"],
        "policy": pins[f"policy#{task.policy}"],
        "target_name": target_name,
        "target": target.model_dump(mode="json"),
        "form": form,
        "messages": list(prompt.messages),
        "schema": prompt.schema,
        "schema_name": prompt.schema_name,
        "max_output_tokens": tokens_out,
        "sampling": task.sampling.model_dump(mode="json") if task.sampling else None,
    }


def recall(
    tools: Tools, task: AiTask, key: str, *, team: str, run: str, absent_as_null: bool
) -> Cached | None:
    """Return what is kept under *key*, as an artifact of *run*; None if nothing serves.

    An answer that the schema's checks of today refuse is no answer.
    """
    if task.cache is None or not key:
        return None
    entry = tools.cache.find(task.cache, key, team=team, task=task.name)
    if entry is None:
        return None
    try:
        read_answer(entry.answer, task.output_schema, absent_as_null=absent_as_null)
    except AnswerProblem:
        return None
    kept = tools.artifacts.keep(entry.answer.encode(), TEXT, team=team, run=run)
    return Cached(
        answer=kept.mint(tools.keys),
        attempt=entry.attempt,
        usd=entry.usd,
        input_tokens=entry.input_tokens,
        output_tokens=entry.output_tokens,
    )
