"""What a provider's refusal to serve means, whoever the provider is.

Vendors speak through gateways, and gateways pass on each other's errors, so what codes and
messages mean is said once for all dialects. A message is read and never repeated: it may quote
the prompt.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from functions.core.adapters.http_exchange import Reply
from functions.core.adapters.provider_answers import CODE, fields, objects, request_id, word
from functions.core.adapters.waits import MOST_SECONDS, span, wait_of
from functions.core.domain.models import AnswerStatus, ModelAnswer, Usage

OK: Final = 200
_SERVER: Final = 500
_UNPAID_FOR_NOW: Final = 402
"""With a wait, money that other requests under way hold: OpenRouter's budget in flight."""
_MOST_READ: Final = 8192
"""Characters of a message that are looked at."""

S = AnswerStatus
_STATUSES: Final = {
    408: S.UNKNOWN,
    409: S.UNAVAILABLE,
    413: S.TOO_LARGE,
    424: S.UNKNOWN,
    425: S.UNAVAILABLE,
    429: S.THROTTLED,
    498: S.THROTTLED,
    499: S.UNKNOWN,
    503: S.UNAVAILABLE,
    529: S.THROTTLED,
}

_CODES: Final = {
    # declined
    "content_filter": S.REFUSED,
    "content_policy_violation": S.REFUSED,
    "data_inspection_failed": S.REFUSED,
    "DataInspectionFailed": S.REFUSED,
    "moderation_blocked": S.REFUSED,
    "refusal": S.REFUSED,
    "ResponsibleAIPolicyViolation": S.REFUSED,
    # too much for the target
    "context_length_exceeded": S.TOO_LARGE,
    "image_too_large": S.TOO_LARGE,
    "payload_too_large": S.TOO_LARGE,
    "request_too_large": S.TOO_LARGE,
    "string_above_max_length": S.TOO_LARGE,
    "string_too_long": S.TOO_LARGE,
    # money: the same request fails until somebody pays
    "Arrearage": S.REJECTED,
    "billing_error": S.REJECTED,
    "billing_hard_limit_reached": S.REJECTED,
    "billing_not_active": S.REJECTED,
    "exceeded_current_quota_error": S.REJECTED,
    "insufficient_quota": S.REJECTED,
    "payment_required": S.REJECTED,
}
"""Codes that decide, whatever the HTTP status says."""

_HTTP_OF: Final = {
    "api_error": 500,
    "authentication_error": 401,
    "engine_overloaded_error": 429,
    "invalid_prompt": 400,
    "invalid_request_error": 400,
    "not_found_error": 404,
    "overloaded_error": 529,
    "permission_error": 403,
    "provider_overloaded": 529,
    "provider_unavailable": 503,
    "rate_limit_error": 429,
    "rate_limit_exceeded": 429,
    "server_error": 500,
    "timeout_error": 504,
    "vector_store_timeout": 504,
}
"""The HTTP status that a code stands for, where an error comes with 200."""

_UNPAID: Final = re.compile(
    r"credit balance is too low|insufficient (?:account )?(?:balance|credits?|funds)"
    r"|billing (?:hard )?limit|account is not active|spend(?:ing)? (?:limit|cap)"
    r"|used all (?:of )?(?:your |its |the )?(?:available )?credits|monthly included credits"
    r"|requires more credits|(?:extra usage|usage credits) (?:is|are) required"
    r"|credits? (?:(?:is|are|have been|has been) )?(?:depleted|exhausted|expired)"
    r"|please recharge|payment required",
    re.IGNORECASE,
)
_PLAN: Final = re.compile(r"check your plan and billing", re.IGNORECASE)
"""Of money where no wait is told beside it; Google says it of limits that a minute cures."""

_TOO_LARGE: Final = re.compile(
    r"request (?:entity )?too large|payload size exceeds|context ?(?:window|length|limit|size)"
    r"|maximum (?:allowed )?(?:context|prompt|input|sequence) length|prompt (?:is )?too long"
    r"|prompt (?:contains|has) .{0,40}token"
    r"|input is too (?:long|large)|reduce the length|token count .{0,80}(?:exceeds|only supports)"
    r"|exceeds? the (?:maximum|limit|context).{0,40}token|max_new_tokens`? must be"
    r"|exceed(?:s|ed)? (?:max(?:imum)? length|(?:the )?model(?:'s)? token limit)"
    r"|longer than the (?:maximum )?(?:model|context|input)|must be less than max_seq_len"
    r"|range of input length should be|must have less than [0-9]{1,12} tokens"
    r"|tokens? .{0,40}(?:(?:cannot|can't|must not) exceed|exceeds? (?:the )?max|more than max)",
    re.IGNORECASE | re.DOTALL,
)
_TOO_MANY: Final = re.compile(r"input tokens exceed|too many (?:input )?tokens", re.IGNORECASE)
_PERIOD: Final = re.compile(r"\bwait\b|per (?:second|min|hour|day|month)", re.IGNORECASE)
"""What makes of too many tokens a rate, which a wait cures."""
_ASKED: Final = re.compile(
    r"limit:? ([0-9]{1,15}).{0,80}?requested:? ~?([0-9]{1,15})", re.IGNORECASE
)
"""A limit in a period, and what one request needs of it."""

_DECLINED: Final = re.compile(
    r"content management policy|content filter|blocked by (?:our |the )?content"
    r"|(?:prompt|input|request|content) (?:was|has been|is) (?:flagged|blocked)"
    r"|violat\w* (?:our |the |its )?(?:\w+ )?(?:usage|content|safety) (?:guidelines|polic)"
    r"|inappropriate content|unsafe or sensitive content|content exists risk|our safety system"
    r"|content ?policy ?violation",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Failure:
    """What a provider said of a request that it didn't serve; its words stay in the adapters."""

    http_status: int
    codes: Sequence[str] = ()
    """Its codes, the most telling first."""
    message: str = field(default="", repr=False)
    wait_seconds: float | None = None

    @property
    def why(self) -> str:
        """HTTP status, and the first code that is a word."""
        words = (word(code, CODE) for code in self.codes if not code.isdigit())
        code = next(filter(None, words), "")
        return f"{self.http_status} {code}".strip()

    def status(self, known: Mapping[str, AnswerStatus] | None = None) -> AnswerStatus:
        """Say what it came to; *known* are the codes of one dialect."""
        if self.http_status == _UNPAID_FOR_NOW and self.wait_seconds is not None:
            return S.THROTTLED
        decided = {**_CODES, **(known or {})}
        for code in self.codes:
            if code in decided:
                return decided[code]
        return self._status_of_message() or self._status_of_http()

    def _status_of_message(self) -> AnswerStatus | None:
        said = self.message
        if _UNPAID.search(said) or (self.wait_seconds is None and _PLAN.search(said)):
            return S.REJECTED
        asked = _ASKED.search(said)
        too_many = _TOO_MANY.search(said) and not _PERIOD.search(said)
        if too_many or _TOO_LARGE.search(said) or (asked and int(asked[2]) > int(asked[1])):
            return S.TOO_LARGE
        return S.REFUSED if _DECLINED.search(said) else None

    def _status_of_http(self) -> AnswerStatus:
        status = self.http_status
        if status == OK:  # an error in an answer that says it is well: what stands in it counts
            told = (_HTTP_OF.get(code) or _number(code) for code in self.codes)
            status = next(filter(None, told), _SERVER)
        if status == 503 and self.wait_seconds is not None:  # noqa: PLR2004
            return S.THROTTLED
        if status in _STATUSES:
            return _STATUSES[status]
        return S.UNKNOWN if status >= _SERVER else S.REJECTED


def failed(
    reply: Reply,
    body: Mapping[str, Any],
    *,
    error: Any = None,
    known: Mapping[str, AnswerStatus] | None = None,
    usage: Usage | None = None,
) -> ModelAnswer:
    """Return the answer for a request that was not served.

    Parameters
    ----------
    error
        What stands for the error, where it isn't the body's `error` or the body itself.
    known
        Codes of this dialect alone.
    usage
        What the provider counted all the same.
    """
    failure = _failure(reply, body, error or body.get("error") or body)
    return ModelAnswer(
        failure.status(known),
        usage=usage,
        provider_request_id=request_id(reply, body.get("request_id"), body.get("id")),
        wait_seconds=failure.wait_seconds,
        http_status=reply.status,
        why=failure.why,
    )


def unreadable(reply: Reply) -> ModelAnswer:
    """Return the answer for a 200 that holds none: it may have been served and charged."""
    return ModelAnswer(S.UNKNOWN, http_status=reply.status, why="not a completion")


def _failure(reply: Reply, body: Mapping[str, Any], error: Any) -> Failure:
    told = fields(error)
    passed_on = fields(told.get("metadata"))
    kind = reply.headers.get("x-amzn-errortype") or body.get("__type") or ""
    codes = (
        kind.partition(":")[0].rpartition("#")[2] if isinstance(kind, str) else "",
        *(told.get(name) for name in ("code", "type", "status")),
        fields(told.get("innererror")).get("code"),
        passed_on.get("error_type"),
        body.get("code"),
    )
    parts = (
        error,
        *(told.get(name) for name in ("message", "details", "detail")),
        passed_on.get("raw"),
        *(body.get(name) for name in ("message", "Message", "detail")),
        *(each.get("msg") for each in objects(body.get("detail"))),
    )
    message = " ".join(part for part in parts if isinstance(part, str))[:_MOST_READ]
    limits = fields(passed_on.get("headers"))
    return Failure(
        reply.status,
        tuple(str(code) for code in codes if isinstance(code, str | int) and code),
        message,
        wait_of(
            reply,
            told=_told_wait(told, body),
            message=message,
            limits={name: value for name, value in limits.items() if isinstance(value, str)},
        ),
    )


def _told_wait(error: Mapping[str, Any], body: Mapping[str, Any]) -> float | None:
    """Return a wait that stands in a field: Google's RetryInfo, a gateway's `retry_after`."""
    for detail in objects(error.get("details")):
        delay = detail.get("retryDelay")
        if isinstance(delay, str) and span(delay) is not None:
            return span(delay)
    for where in (error, fields(error.get("metadata")), body):
        for name in ("retry_after", "retry_after_seconds", "estimated_time"):
            seconds = where.get(name)
            if isinstance(seconds, int | float) and not isinstance(seconds, bool) and seconds >= 0:
                return float(min(seconds, MOST_SECONDS))
    return None


def _number(code: str) -> int | None:
    return int(code) if re.fullmatch(r"[45][0-9]{2}", code) else None
