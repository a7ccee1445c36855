"""ApplyGuardrail over a real connection, held to the vendor's own contract.

botocore knows it: its serializer says what a request looks like, its signer what a signature is,
and its parser what an answer means.
"""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.parsers import create_parser
from botocore.serialize import create_serializer
from botocore.session import Session

from functions.core.adapters.bedrock_guardrail import BedrockGuardrail
from functions.core.adapters.sigv4 import signer
from functions.core.domain.guards.outside import Guardrail, Intervention
from tests.integration.adapters.scripted_server import Script, answers, closes, floods, scripted

REGION = "eu-central-1"
SESSION = Session()
SESSION.set_credentials("local-id", "local-secret", "local-token")
APPLY = SESSION.get_service_model("bedrock-runtime").operation_model("ApplyGuardrail")
ARN = "arn:aws:bedrock:us-west-2:123456789012:guardrail/abc123"
client = BedrockGuardrail(signer(SESSION), REGION)


@pytest.fixture(scope="module", autouse=True)
def _closed() -> Iterator[None]:
    yield
    client.close()


def ask(url: str, *texts: str, **told: Any) -> Intervention:
    """Ask the guardrail at *url* about *texts*."""
    given = {"id": "abc123", "version": "3", "source": "OUTPUT", "endpoint": url}
    return client.apply(Guardrail.model_validate(given | told), texts or ("planted text",))


USAGE = {
    "topicPolicyUnits": 1,
    "contentPolicyUnits": 2,
    "wordPolicyUnits": 0,
    "sensitiveInformationPolicyUnits": 1,
    "sensitiveInformationPolicyFreeUnits": 0,
    "contextualGroundingPolicyUnits": 0,
}
FOUND = {
    "topicPolicy": {"topics": [{"name": "planted topic", "type": "DENY", "action": "BLOCKED"}]},
    "contentPolicy": {
        "filters": [
            {"type": "INSULTS", "confidence": "HIGH", "action": "BLOCKED"},
            {"type": "HATE", "confidence": "LOW", "action": "NONE"},
        ]
    },
    "wordPolicy": {
        "customWords": [{"match": "planted word", "action": "BLOCKED"}],
        "managedWordLists": [{"match": "planted", "type": "PROFANITY", "action": "BLOCKED"}],
    },
    "sensitiveInformationPolicy": {
        "piiEntities": [{"match": "planted", "type": "NAME", "action": "ANONYMIZED"}],
        "regexes": [{"name": "planted", "match": "planted", "action": "BLOCKED"}],
    },
    "contextualGroundingPolicy": {
        "filters": [{"type": "GROUNDING", "threshold": 0.5, "score": 0.1, "action": "BLOCKED"}]
    },
}


def said(action: str = "GUARDRAIL_INTERVENED", *assessments: Any) -> bytes:
    """Return the body of an answer."""
    body = {
        "usage": USAGE,
        "action": action,
        "actionReason": "planted",
        "outputs": [{"text": "planted"}],
        "assessments": list(assessments or [FOUND]),
    }
    return json.dumps(body).encode()


def test_a_request_is_what_the_vendors_own_serializer_makes() -> None:
    """Path, source and each text by itself."""
    with scripted(answers("200 OK", said("NONE", {}))) as server:
        ask(server.url, "one", "two", id=ARN, version="DRAFT", source="INPUT")

    made = create_serializer("rest-json").serialize_to_request(
        {
            "guardrailIdentifier": ARN,
            "guardrailVersion": "DRAFT",
            "source": "INPUT",
            "content": [{"text": {"text": "one"}}, {"text": {"text": "two"}}],
        },
        APPLY,
    )
    head, _, sent = server.requests[0].partition(b"\r\n\r\n")
    assert head.split()[1].decode() == made["url_path"]
    assert json.loads(sent) == json.loads(made["body"])


@pytest.mark.parametrize(("id_", "region"), [("abc123", REGION), (ARN, "us-west-2")])
def test_a_request_is_signed_for_the_guardrail_s_region(id_: str, region: str) -> None:
    """By the function's own role; the adapter for models checks the signature itself."""
    with scripted(answers("200 OK", said("NONE", {}))) as server:
        ask(server.url, id=id_)

    head = server.requests[0].partition(b"\r\n\r\n")[0].decode()
    assert f"/{region}/bedrock/aws4_request" in head
    assert "Signature=" in head


def test_an_intervention_is_read_as_the_vendors_own_parser_reads_it() -> None:
    """By lists and types of the service's own; no topic, match or output is repeated."""
    body = said()
    with scripted(answers("200 OK", body)) as server:
        found = ask(server.url)

    reply = {"status_code": 200, "headers": {}, "body": body}
    known = create_parser("rest-json").parse(reply, APPLY.output_shape)
    [assessed] = known["assessments"]
    types = [
        assessed["contentPolicy"]["filters"][0]["type"],
        assessed["sensitiveInformationPolicy"]["piiEntities"][0]["type"],
    ]
    assert found.intervened is (known["action"] == "GUARDRAIL_INTERVENED")
    assert found.assessed == (
        "topicPolicy topics DENY BLOCKED",
        f"contentPolicy filters {types[0]} BLOCKED",
        "wordPolicy customWords BLOCKED",
        "wordPolicy managedWordLists PROFANITY BLOCKED",
        f"sensitiveInformationPolicy piiEntities {types[1]} ANONYMIZED",
        "sensitiveInformationPolicy regexes BLOCKED",
        "contextualGroundingPolicy filters GROUNDING BLOCKED",
    )
    assert found.units == {name: n for name, n in known["usage"].items() if n}
    assert "planted" not in repr(found)


def test_what_passes_passes() -> None:
    """With what it is charged by."""
    with scripted(answers("200 OK", said("NONE", {}))) as server:
        found = ask(server.url)

    assert (found.intervened, found.failed, found.assessed) == (False, "", ())


def refusal(kind: str, status: str) -> Script:
    """Return an error as Bedrock sends it."""
    return answers(status, b'{"message": "planted"}', x_amzn_ErrorType=f"{kind}:http://x/")


@pytest.mark.parametrize(
    ("script", "why"),
    [
        *((refusal(error.name, "400 No"), error.name) for error in APPLY.error_shapes),
        (answers("503 Busy", b""), "status 503"),
        (answers("302 Away", b"", location="http://x/"), "status 302"),
        (answers("200 OK", b'{"action": "NONE"}'), "unreadable"),
        (answers("200 OK", said("MAYBE")), "unreadable"),
        (answers("200 OK", b"[" * 100_000), "unreadable"),
        (closes, "RemoteProtocolError"),
        (floods, "TooLarge"),
    ],
)
def test_whatever_prevents_an_answer_says_why(script: Script, why: str) -> None:
    """Asked once, quoted never; nothing of it counts as a pass."""
    with scripted(script) as server:
        found = ask(server.url)

    assert (found.intervened, found.failed) == (False, why)
    assert len(server.requests) == 1
    assert "planted" not in repr(found)


def test_nobody_there_is_a_reason_too() -> None:
    """Nothing was sent."""
    with scripted(closes) as server:
        url = server.url

    assert ask(url).failed == "ConnectError"
