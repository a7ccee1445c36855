"""Bedrock's Converse over a real connection, held to the vendor's own contract.

botocore knows that contract: its serializer says what a request looks like, its signer what a
signature is, and its parser what an answer means. Each is the yardstick of ours.
"""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.parsers import create_parser
from botocore.serialize import create_serializer
from botocore.session import Session

from functions.core.adapters.bedrock_converse import BedrockConverse
from functions.core.adapters.model_exchange import ModelExchange
from functions.core.adapters.openai_chat import OpenAiChat
from functions.core.adapters.sigv4 import signer
from functions.core.domain.ladder import forms_of
from functions.core.domain.models import AnswerStatus, ModelAnswer, ModelRequest, Usage
from functions.core.domain.targets import Target
from tests.integration.adapters.scripted_server import (
    Script,
    answers,
    scripted,
)

S = AnswerStatus
REGION = "eu-central-1"
MODEL = "eu.anthropic.claude-haiku-4-5-20251001-v1:0"
SCHEMA = {"type": "object", "properties": {"label": {"enum": ["a", "b"]}}}
PUBLIC = {"properties": {"label": {"enum": ["a", "b"]}}, "type": "object"}
SESSION = Session()
SESSION.set_credentials("local-id", "local-secret", "local-token")
CONVERSE = SESSION.get_service_model("bedrock-runtime").operation_model("Converse")

ADDRESSES: dict[str, str] = {}
_of = signer(SESSION)
exchange = ModelExchange(ADDRESSES, str, lambda how: _of(how.service, how.region or REGION))
bedrock = BedrockConverse(exchange, REGION)
openai = OpenAiChat(exchange)


@pytest.fixture(scope="module", autouse=True)
def _exchange() -> Iterator[None]:
    yield
    exchange.close()


def a_request(dialect: str = "bedrock_converse", patience: float = 20, **target: Any) -> Any:
    """Return a small request with a system text, an example and a question."""
    given = {
        "dialect": dialect,
        "model": MODEL,
        "prices": {
            "input_usd_per_million": "1",
            "output_usd_per_million": "5",
            "as_of": "2026-11-22",
            "source": "test",
        },
        "limits": {"context_tokens": 1000, "output_tokens": 100},
    }
    asked = Target.model_validate(given | target)
    return ModelRequest(
        target_name="small",
        target=asked,
        messages=[
            {"role": "system", "content": "Say a or b."},
            {"role": "user", "content": "first"},
            {"role": "assistant", "content": '{"label":"a"}'},
            {"role": "user", "content": "planted question"},
        ],
        schema=SCHEMA,
        schema_name="answer",
        max_output_tokens=50,
        timeout_seconds=patience,
        attempt="run/Step.1/1/nonce",
        form=forms_of(asked)[0],
    )


def ask(url: str, patience: float = 20, **target: Any) -> ModelAnswer:
    """Send the request to *url* as Converse."""
    ADDRESSES["small"] = url
    return bedrock.complete(a_request(patience=patience, **target))


def message(*content: dict[str, Any], stop: str = "end_turn", usage: Any = ...) -> bytes:
    """Return the body of an answer."""
    counted = {"inputTokens": 7, "outputTokens": 3, "totalTokens": 10}
    return json.dumps(
        {
            "output": {"message": {"role": "assistant", "content": list(content)}},
            "stopReason": stop,
            "usage": counted if usage is ... else usage,
            "metrics": {"latencyMs": 12},
        }
    ).encode()


def text(said: str = "planted answer") -> dict[str, Any]:
    """Return a part of a message."""
    return {"text": said}


def use(name: str, **given: Any) -> dict[str, Any]:
    """Return a call of a tool."""
    return {"toolUse": {"toolUseId": "t1", "name": name, "input": given}}


def refusal(kind: str, status: str, said: str = "planted", **headers: str) -> Script:
    """Return an error as Bedrock sends it."""
    return answers(
        status,
        json.dumps({"message": said}).encode(),
        x_amzn_ErrorType=f"{kind}:http://internal.amazon.com/",
        **headers,
    )


# what is sent


def serialized(**asked: Any) -> tuple[str, dict[str, Any]]:
    """Return path and body of a request, as botocore makes it."""
    made = create_serializer("rest-json").serialize_to_request(
        {"modelId": MODEL, **asked}, CONVERSE
    )
    return made["url_path"], json.loads(made["body"])


@pytest.mark.parametrize(
    ("capabilities", "form"),
    [
        ([], {}),
        (
            ["json_schema"],
            {
                "outputConfig": {
                    "textFormat": {
                        "type": "json_schema",
                        "structure": {
                            "jsonSchema": {
                                "name": "answer",
                                "schema": json.dumps(PUBLIC, separators=(",", ":")),
                            }
                        },
                    }
                }
            },
        ),
        (
            ["tool"],
            {
                "toolConfig": {
                    "tools": [{"toolSpec": {"name": "answer", "inputSchema": {"json": PUBLIC}}}],
                    "toolChoice": {"tool": {"name": "answer"}},
                }
            },
        ),
    ],
    ids=["prompt", "json_schema", "tool"],
)
def test_a_request_is_what_the_vendors_own_serializer_makes(capabilities, form) -> None:
    """Path, roles, bound, and the schema in the target's strongest form."""
    with scripted(answers("200 OK", message(text()))) as server:
        ask(server.url, capabilities=capabilities)

    path, body = serialized(
        system=[{"text": "Say a or b."}],
        messages=[
            {"role": "user", "content": [{"text": "first"}]},
            {"role": "assistant", "content": [{"text": '{"label":"a"}'}]},
            {"role": "user", "content": [{"text": "planted question"}]},
        ],
        inferenceConfig={"maxTokens": 50, "temperature": 0},
        **form,
    )
    head, _, sent = server.requests[0].partition(b"\r\n\r\n")
    assert head.split()[1].decode() == path
    assert json.loads(sent) == body
    assert b"Step.1" not in server.requests[0]


@pytest.mark.parametrize(
    ("target", "region", "ask_"),
    [
        ({}, REGION, bedrock),
        ({"region": "us-west-2"}, "us-west-2", bedrock),
        ({"dialect": "openai_chat", "sigv4": {"region": "us-east-1"}}, "us-east-1", openai),
    ],
    ids=["own region", "the target's region", "an OpenAI-compatible path"],
)
def test_a_request_bears_the_signature_that_aws_computes(target, region, ask_) -> None:
    """Over method, path, host, content and the session's token; no key anywhere."""
    with scripted(answers("200 OK", message(text()))) as server:
        ADDRESSES["small"] = server.url
        ask_.complete(a_request(**target))

    head, _, body = server.requests[0].partition(b"\r\n\r\n")
    line, *rest = head.decode().split("\r\n")
    headers = {n.lower(): v for n, _, v in (each.partition(": ") for each in rest)}
    told = headers["authorization"]
    signed = told.split("SignedHeaders=")[1].split(",")[0].split(";")
    again = AWSRequest("POST", server.url + line.split()[1], data=body)
    for name in signed:
        if name != "host":
            again.headers[name] = headers[name]
    again.context["timestamp"] = headers["x-amz-date"]
    checker = SigV4Auth(Credentials("local-id", "local-secret"), "bedrock", region)
    canonical = checker.canonical_request(again)
    expected = checker.signature(checker.string_to_sign(again, canonical), again)

    assert told.endswith(f"Signature={expected}")
    assert f"/{region}/bedrock/aws4_request" in told
    assert {"host", "x-amz-date", "x-amz-security-token", "content-type"} <= set(signed)


def test_without_an_address_it_goes_to_bedrock_in_its_region() -> None:
    """The only dialect that needs no address."""
    ADDRESSES.clear()
    seen: list[str] = []

    class Watched(ModelExchange):
        def post(self, request: Any, path: str, body: Any, **how: Any) -> ModelAnswer:
            seen.append(how["otherwise"] + path)
            return ModelAnswer(S.UNAVAILABLE)

    BedrockConverse(Watched(ADDRESSES, str), REGION).complete(a_request())

    assert seen == [
        "https://bedrock-runtime.eu-central-1.amazonaws.com/model/"
        "eu.anthropic.claude-haiku-4-5-20251001-v1%3A0/converse"
    ]


# what comes back


def parsed(body: bytes) -> dict[str, Any]:
    """Return what the vendor's own parser reads."""
    reply = {"status_code": 200, "headers": {}, "body": body}
    return create_parser("rest-json").parse(reply, CONVERSE.output_shape)


def test_an_answer_is_read_as_the_vendors_own_parser_reads_it() -> None:
    """Text, stop reason and usage from where the contract puts them."""
    counted = {
        "inputTokens": 7,
        "outputTokens": 3,
        "totalTokens": 10,
        "cacheReadInputTokens": 2,
        "cacheWriteInputTokens": 4,
    }
    body = message(text("planted "), text("answer"), usage=counted)
    with scripted(answers("200 OK", body, x_amzn_RequestId="req-1")) as server:
        answer = ask(server.url)

    known = parsed(body)
    parts = [part["text"] for part in known["output"]["message"]["content"]]
    assert answer == ModelAnswer(
        S.ANSWERED,
        text="".join(parts),
        finish_reason=known["stopReason"],
        usage=Usage(
            known["usage"]["inputTokens"],
            known["usage"]["outputTokens"],
            cached_tokens=known["usage"]["cacheReadInputTokens"],
            written_tokens=known["usage"]["cacheWriteInputTokens"],
            cached_apart=True,
        ),
        provider_request_id="req-1",
        http_status=200,
    )
    assert "planted" not in repr(answer)


def test_a_forced_tool_s_input_is_the_answer() -> None:
    """As the JSON text that the other forms would have given."""
    body = message(use("answer", label="a"), stop="tool_use")
    with scripted(answers("200 OK", body)) as server:
        answer = ask(server.url, capabilities=["tool"])

    assert (answer.status, answer.text) == (S.ANSWERED, '{"label":"a"}')


@pytest.mark.parametrize(
    ("script", "status"),
    [
        (answers("200 OK", message(text(), stop="max_tokens")), S.CUT),
        (answers("200 OK", message(use("answer"), stop="max_tokens")), S.CUT),
        (answers("200 OK", message(text(), stop="model_context_window_exceeded")), S.CUT),
        (answers("200 OK", message(text(), stop="guardrail_intervened")), S.REFUSED),
        (answers("200 OK", message(text(), stop="content_filtered")), S.REFUSED),
        (answers("200 OK", message(use("other"), stop="tool_use")), S.TOOL_USE),
        (answers("200 OK", message(use("answer"), use("answer"), stop="tool_use")), S.TOOL_USE),
        (answers("200 OK", message(text(), usage=None)), S.ANSWERED),
        (answers("200 OK", message()), S.EMPTY),
        (answers("200 OK", message({"citationsContent": {}})), S.EMPTY),
        (answers("200 OK", b'{"output": {"message": {"content": "x"}}}'), S.UNKNOWN),
        (answers("200 OK", b"[" * 100_000), S.UNKNOWN),
        (refusal("ValidationException", "400 Bad"), S.REJECTED),
        (refusal("ValidationException", "400 Bad", "Input is too long for model"), S.TOO_LARGE),
        (refusal("AccessDeniedException", "403 No"), S.REJECTED),
        (refusal("ResourceNotFoundException", "404 No"), S.REJECTED),
        (refusal("ModelTimeoutException", "408 Late"), S.UNKNOWN),
        (refusal("ModelErrorException", "424 Failed"), S.UNKNOWN),
        (refusal("ModelNotReadyException", "429 Slow"), S.THROTTLED),
        (refusal("ServiceUnavailableException", "503 Busy"), S.UNAVAILABLE),
    ],
)
def test_each_of_its_own_wrong_answers_has_its_status(script: Script, status: S) -> None:
    """By stop reason and by error; nothing raises, nothing is quoted."""
    with scripted(script) as server:
        answer = ask(server.url)

    assert answer.status is status
    assert len(server.requests) == 1
    assert "planted" not in repr(answer)
