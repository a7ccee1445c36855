"""Amazon Bedrock's ApplyGuardrail, behind the port `Guardrails`: the function's own role, no key.

Shapes: https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ApplyGuardrail.html.
Through the same bounded, signed exchange as calls of models. Of an answer only names of its own
lists are repeated: `match`, `outputs` and reasons may quote the text.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final
from urllib.parse import quote

from functions.core.adapters.http_exchange import ExchangeFailed, HttpExchange, Reply, Sign
from functions.core.adapters.provider_answers import count, fields, fields_of, objects, word
from functions.core.domain.guards.outside import Guardrail, Intervention

ENDPOINT: Final = "https://bedrock-runtime.{region}.amazonaws.com"
SERVICE: Final = "bedrock"
CONNECT_SECONDS: Final = 3.0
READ_SECONDS: Final = 8.0
MOST_BYTES: Final = 1_048_576
MOST_FOUND: Final = 16
_OK: Final = 200
_ACTIONS: Final = ("NONE", "GUARDRAIL_INTERVENED")
_LISTS: Final = {
    "topicPolicy": ("topics",),
    "contentPolicy": ("filters",),
    "wordPolicy": ("customWords", "managedWordLists"),
    "sensitiveInformationPolicy": ("piiEntities", "regexes"),
    "contextualGroundingPolicy": ("filters",),
}
_ERROR: Final = "x-amzn-errortype"


class BedrockGuardrail:
    """Applies guardrails.

    Parameters
    ----------
    signer_of
        (service, region) -> what signs a request.
    region
        Where a guardrail is asked that names no region.
    """

    def __init__(self, signer_of: Callable[[str, str], Sign], region: str) -> None:
        self._signer_of = signer_of
        self._region = region
        self._exchange = HttpExchange()

    def close(self) -> None:
        """Let go of the connections."""
        self._exchange.close()

    def apply(self, guardrail: Guardrail, texts: Sequence[str]) -> Intervention:
        """Ask once; whatever prevents an answer is an answer that says why."""
        region = guardrail.region or self._region
        base = guardrail.endpoint or ENDPOINT.format(region=region)
        named = quote(guardrail.id, safe=""), quote(guardrail.version, safe="")
        content = [{"text": {"text": text}} for text in texts]
        try:
            reply = self._exchange.send(
                "POST",
                f"{base.rstrip('/')}/guardrail/{named[0]}/version/{named[1]}/apply",
                headers={"Accept": "application/json"},
                body={"source": guardrail.source, "content": content},
                connect_seconds=CONNECT_SECONDS,
                read_seconds=READ_SECONDS,
                most_bytes=MOST_BYTES,
                sign=self._signer_of(SERVICE, region),
            )
        except ExchangeFailed as problem:
            return Intervention(failed=problem.why)
        return read_reply(reply)


def read_reply(reply: Reply) -> Intervention:
    """Read what ApplyGuardrail says."""
    if reply.status != _OK:
        kind = reply.headers.get(_ERROR, "").split(":")[0]
        known = kind if kind.isalpha() else ""
        return Intervention(failed=known or f"status {reply.status}")
    body = fields_of(reply)
    action, assessments = word(body.get("action")), body.get("assessments")
    if action not in _ACTIONS or not isinstance(assessments, list):
        return Intervention(failed="unreadable")
    found = dict.fromkeys(one for each in objects(assessments) for one in _assessed(each))
    usage = {name: count(value) for name, value in fields(body.get("usage")).items()}
    return Intervention(
        intervened=action == _ACTIONS[1],
        assessed=tuple(found)[:MOST_FOUND],
        units={name: units for name, units in sorted(usage.items()) if units},
    )


def _assessed(assessment: dict[str, Any]) -> Iterator[str]:
    """Yield `policy list type action` of what was found: names of the service's own, all of them.

    A topic's or expression's name is its owner's word, a match is the text's: neither is told.
    """
    for policy, lists in _LISTS.items():
        told = fields(assessment.get(policy))
        for name in lists:
            for one in objects(told.get(name) or []):
                action = word(one.get("action"))
                if action not in ("", "NONE"):
                    yield " ".join(filter(None, (policy, name, word(one.get("type")), action)))
    if fields(assessment.get("automatedReasoningPolicy")).get("findings"):
        yield "automatedReasoningPolicy findings"
