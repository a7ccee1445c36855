"""Temperature and seed: on record as they are sent, refused where a target has no word for one."""

import pytest
from pydantic import ValidationError

from functions.core.domain.ai_tasks import AiTask
from functions.core.domain.definitions import document_hash, dump_document
from functions.core.domain.sampling import Sampling, sampling_misfits
from functions.core.domain.targets import Target
from functions.core.services.evidence import from_item
from tests.stage import MODELS, TASK
from tests.unit.core.test_ai_step import Desk

PAID = MODELS["targets"]["paid"]


def target(**changed) -> Target:
    """Return a target that differs so from the paid one."""
    return Target.model_validate({**PAID, **changed})


def prepared(desk: Desk) -> dict:
    """Return what the record of the preparation says of the draw."""
    desk.call(desk.prepare())
    item = next(i for i in desk.stage.store.items("evidence") if i["kind"] == "prepared")
    body = from_item(item).body
    return {k: v for k, v in body.items() if k in (f"gen_ai.request.{n}" for n in NAMES)}


NAMES = ("temperature", "seed")


@pytest.mark.parametrize(
    ("sampling", "on_record"),
    [
        (None, {"gen_ai.request.temperature": 0}),
        ({"seed": 3}, {"gen_ai.request.temperature": 0, "gen_ai.request.seed": 3}),
        ({"temperature": 0.4}, {"gen_ai.request.temperature": 0.4}),
    ],
)
def test_what_is_sent_is_on_record(sampling, on_record) -> None:
    """Under the names of OpenTelemetry's conventions."""
    desk = Desk(ai_task={**TASK, **({"sampling": sampling} if sampling else {})})

    assert prepared(desk) == on_record


def test_a_model_is_asked_as_the_task_says() -> None:
    """What CallModel hands to a dialect is the pinned task's."""
    desk = Desk(ai_task={**TASK, "sampling": {"temperature": 0.4, "seed": 3}})

    desk.call(desk.prepare())

    asked = desk.model.asked[0].asked
    assert (asked.temperature, asked.seed) == (0.4, 3)


@pytest.mark.parametrize(
    ("sampling", "changed", "key"),
    [
        ({"temperature": 0}, {"takes_temperature": False}, "sampling.temperature"),
        (
            {"temperature": 1.2},
            {"dialect": "anthropic_messages", "base_url": None},
            "sampling.temperature",
        ),
        ({"seed": 1}, {"dialect": "openai_responses"}, "sampling.seed"),
        ({"seed": 1}, {"dialect": "anthropic_messages"}, "sampling.seed"),
        ({"seed": 1}, {"dialect": "bedrock_converse", "base_url": None}, "sampling.seed"),
        ({"seed": 1}, {"seed_parameter": "none"}, "sampling.seed"),
    ],
)
def test_what_a_target_has_no_word_for_is_refused(sampling, changed, key) -> None:
    """By the key of the task."""
    found = list(sampling_misfits(Sampling.model_validate(sampling), target(**changed)))

    assert [each for each, _ in found] == [key]


@pytest.mark.parametrize(
    "changed",
    [{}, {"seed_parameter": "random_seed"}, {"dialect": "gemini_generate"}],
)
def test_what_a_target_has_a_word_for_is_not(changed) -> None:
    """Both can be said."""
    assert not list(sampling_misfits(Sampling(temperature=1.5, seed=1), target(**changed)))


def test_an_empty_table_is_refused() -> None:
    """It would say nothing."""
    with pytest.raises(ValidationError, match="temperature, seed or both"):
        Sampling()


def test_a_task_that_says_nothing_of_it_keeps_its_version() -> None:
    """A release that knows more keys makes no new version of a task that uses none of them."""
    stored = dump_document(AiTask.model_validate(TASK))

    assert "sampling" not in stored
    assert document_hash(stored) == document_hash({**TASK, "examples": []})
