"""What a vendor is sent: temperature and seed under its names, and a beginning that stays."""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from functions.core.adapters.dialects import client_of
from functions.core.adapters.model_exchange import ModelExchange
from functions.core.domain.sampling import Sampling
from tests.integration.adapters.asking import NAME, a_request
from tests.integration.adapters.scripted_server import answers, scripted

ADDRESSES: dict[str, str] = {}
exchange = ModelExchange(ADDRESSES, str)
WARM = Sampling(temperature=0.7, seed=11)


@pytest.fixture(scope="module", autouse=True)
def _exchange() -> Iterator[None]:
    yield
    exchange.close()


def sent(dialect: str, sampling: Sampling | None, **target: Any) -> dict[str, Any]:
    """Return the body that a server gets, its nested settings laid flat."""
    with scripted(answers("200 OK", b"{}")) as server:
        ADDRESSES[NAME] = server.url
        client = client_of(dialect, lambda: exchange, lambda: "eu-central-1")
        client.complete(a_request(dialect, sampling=sampling, **target))
    body = json.loads(server.requests[0].partition(b"\r\n\r\n")[2])
    return {**body, **body.get("generationConfig", {}), **body.get("inferenceConfig", {})}


DIALECTS = (
    "openai_chat",
    "openai_responses",
    "anthropic_messages",
    "bedrock_converse",
    "gemini_generate",
)


@pytest.mark.parametrize(
    ("dialect", "target", "names"),
    [
        ("openai_chat", {}, {"temperature": 0.7, "seed": 11}),
        ("openai_chat", {"seed_parameter": "random_seed"}, {"temperature": 0.7, "random_seed": 11}),
        ("openai_chat", {"seed_parameter": "none"}, {"temperature": 0.7}),
        ("openai_chat", {"takes_temperature": False}, {"seed": 11}),
        ("openai_responses", {}, {"temperature": 0.7}),
        ("anthropic_messages", {}, {"temperature": 0.7}),
        ("bedrock_converse", {}, {"temperature": 0.7}),
        ("gemini_generate", {}, {"temperature": 0.7, "seed": 11}),
        ("gemini_generate", {"takes_temperature": False}, {"seed": 11}),
    ],
)
def test_a_vendor_is_sent_what_it_has_a_word_for(dialect, target, names) -> None:
    """Under the vendor's name; nothing where it has none."""
    body = sent(dialect, WARM, **target)

    told = {name: body[name] for name in ("temperature", "seed", "random_seed") if name in body}
    assert told == names


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_task_that_says_nothing_is_asked_as_coldly_as_can_be(dialect) -> None:
    """Temperature 0 and no seed."""
    body = sent(dialect, None)

    assert body["temperature"] == 0
    assert not {"seed", "random_seed"} & set(body)


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("form", ["json_schema", "tool"])
def test_a_request_differs_from_the_next_in_its_question_alone(dialect, form) -> None:
    """In the same order too: tools, system and examples are what a vendor's prompt cache reuses."""

    def written(question: str) -> str:
        request = a_request(dialect, capabilities=[form])
        messages = [*request.messages[:-1], {"role": "user", "content": question}]
        with scripted(answers("200 OK", b"{}")) as server:
            ADDRESSES[NAME] = server.url
            client = client_of(dialect, lambda: exchange, lambda: "eu-central-1")
            client.complete(replace(request, messages=messages, attempt=f"run/Step.1/1/{question}"))
        return server.requests[0].partition(b"\r\n\r\n")[2].decode()

    assert written("one").replace("one", "two") == written("two")
