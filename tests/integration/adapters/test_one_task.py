"""One task, unchanged, on the embedded model and on every vendor's contract."""

import json
from collections.abc import Iterator, Mapping
from typing import Any, get_args

import pytest

from functions.core.domain.models import AnswerStatus, ModelAnswer
from functions.core.domain.targets import Dialect, Models
from functions.core.ports import ModelClient
from interlock.definitions.project import Project, load_project
from interlock.model_access import Clients
from interlock.trying import Trial, Tried, compiled
from tests.clouds import PROJECT, model_goes_wrong, model_provider
from tests.fakes import FakeModel

TASK = "classify_ticket"
NAME = "target"
DIALECTS = get_args(Dialect)
VENDORS = tuple(dialect for dialect in DIALECTS if dialect != "embedded")
BELOW = {
    "openai_chat": "/v1",
    "openai_responses": "/v1",
    "anthropic_messages": "",
    "bedrock_converse": "",
    "gemini_generate": "/v1beta",
}
"""Where the vendor's paths begin."""
STATUS = {"length": AnswerStatus.CUT, "content_filter": AnswerStatus.REFUSED}

BAD: dict[str, tuple[dict[str, Any], int, str, str, int]] = {
    # what comes back, how often; the step's outcome and reason; attempts
    "prose once": ({"text": "It is about billing."}, 1, "REPAIRED", "", 2),
    "prose": ({"text": "It is about billing."}, 3, "REJECTED_OUTPUT", "NO_JSON", 2),
    "cut": (
        {"text": '{"category": "bil', "finish_reason": "length"},
        3,
        "REJECTED_OUTPUT",
        "CUT",
        1,
    ),
    "wrong enum": ({"text": '{"category": "nonsense"}'}, 3, "REJECTED_OUTPUT", "SCHEMA", 2),
    "refusal": (
        {"text": "I can't.", "finish_reason": "content_filter"},
        3,
        "REJECTED_OUTPUT",
        "REFUSED",
        1,
    ),
    "empty": ({"text": ""}, 3, "REJECTED_OUTPUT", "EMPTY", 1),
}


@pytest.fixture(scope="module")
def project() -> Project:
    return load_project(PROJECT)


@pytest.fixture(scope="module")
def provider() -> Iterator[str]:
    with model_provider() as url:
        yield url


@pytest.fixture(autouse=True)
def _keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOUSE_API_KEY", "planted-" + "0" * 8)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "planted")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "planted")


def on(dialect: str, project: Project) -> Models:
    """Return the project's models, whose one target speaks *dialect*."""
    inside = project.models.targets["embedded_lexical_1"].model_dump(mode="json")
    told = inside | {"dialect": dialect}
    if dialect == "bedrock_converse":
        told |= {"model": "loopback-1", "capabilities": ["tool"]}
    elif dialect != "embedded":
        told |= {"model": "loopback-1", "secret": "house"}
    return Models.model_validate({"targets": {NAME: told}, "routes": {"default": [NAME]}})


def tried(dialect: str, project: Project, clients: Mapping[str, ModelClient]) -> Tried:
    """Try the task's first golden case on *dialect*."""
    task, models = project.ai_tasks[TASK], on(dialect, project)
    documents = compiled(task, models, project.budgets, project.policies[task.policy])
    return Trial(documents, TASK, clients).of(project.golden[TASK][0]["variables"])


def at(dialect: str, url: str) -> Clients:
    """Return clients that lead *dialect* to the provider at *url*."""
    return Clients({NAME: url.removesuffix("/v1") + BELOW[dialect]} if dialect in BELOW else {})


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_task_runs_unchanged_on_every_dialect(
    dialect: str, project: Project, provider: str
) -> None:
    """Its prompt, its schema and its bounds reach each vendor in that vendor's own form."""
    with at(dialect, provider) as clients:
        found = tried(dialect, project, clients)

    [attempt] = found.attempts
    assert (found.outcome, attempt.status, attempt.verdict) == ("SUCCEEDED", "answered", "accepted")
    assert found.answer["category"] in json.dumps(project.ai_tasks[TASK].output_schema)
    assert attempt.input_tokens > 0
    assert attempt.output_tokens > 0


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("what", BAD)
def test_the_same_bad_answer_ends_the_same_way(
    what: str, dialect: str, project: Project, provider: str
) -> None:
    """Whoever gave it, and however its vendor says why it stopped."""
    wrong, times, outcome, reason, attempts = BAD[what]

    if dialect == "embedded":
        good = inside({"text": json.dumps(project.golden[TASK][0]["output"])})
        found = tried(dialect, project, {dialect: FakeModel(*[inside(wrong)] * times, good)})
    else:
        model_goes_wrong(provider, *[wrong] * times)
        with at(dialect, provider) as clients:
            found = tried(dialect, project, clients)
        model_goes_wrong(provider)

    assert (found.outcome, found.reason.split(":")[0], len(found.attempts)) == (
        outcome, reason, attempts,
    )  # fmt: skip


def inside(wrong: dict[str, Any]) -> ModelAnswer:
    """Return *wrong* as a model inside the function would say it."""
    status = STATUS.get(wrong.get("finish_reason", ""))
    said = AnswerStatus.ANSWERED if wrong["text"] else AnswerStatus.EMPTY
    return ModelAnswer(status or said, "" if status is AnswerStatus.REFUSED else wrong["text"])
