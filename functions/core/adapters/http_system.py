"""Outside systems over HTTP behind the port `SystemClient`."""

from typing import Final

from functions.core.adapters.http_exchange import ExchangeFailed, HttpExchange, Reply
from functions.core.domain.canonical import parse_strict
from functions.core.domain.errors import InvalidJson
from functions.core.domain.systems import AnswerKind, SystemAnswer, SystemRequest

_KINDS: Final = {
    408: AnswerKind.UNKNOWN,
    409: AnswerKind.CONFLICT,
    425: AnswerKind.THROTTLED,
    429: AnswerKind.THROTTLED,
}
_UNAVAILABLE: Final = 503


class HttpSystem:
    """Sends each request once, and says what became of it without quoting any of it."""

    def __init__(self) -> None:
        self._exchange = HttpExchange()

    def close(self) -> None:
        """Let go of the connections."""
        self._exchange.close()

    def send(self, request: SystemRequest) -> SystemAnswer:
        """Send *request* once and read the answer; foreign errors become kinds."""
        try:
            reply = self._exchange.send(
                request.method,
                request.url,
                headers=request.headers,
                body=request.body,
                connect_seconds=request.connect_seconds,
                read_seconds=request.read_seconds,
                most_bytes=request.response_bytes,
                connection=request.connection,
            )
        except ExchangeFailed as problem:
            kind = AnswerKind.UNKNOWN if problem.sent else AnswerKind.UNAVAILABLE
            return SystemAnswer(kind, why=problem.why)
        return _answer(reply)


def _answer(reply: Reply) -> SystemAnswer:
    status, wait = reply.status, reply.wait_seconds
    if status in _KINDS:
        return SystemAnswer(_KINDS[status], status, wait_seconds=wait, why=str(status))
    if 200 <= status < 300:  # noqa: PLR2004 - the classes of RFC 9110
        return _success(reply)
    if 300 <= status < 400:  # noqa: PLR2004
        return SystemAnswer(AnswerKind.REJECTED, status, why="Redirect")
    if 400 <= status < 500:  # noqa: PLR2004
        return SystemAnswer(AnswerKind.REJECTED, status, why=str(status))
    throttled = status == _UNAVAILABLE and wait is not None
    kind = AnswerKind.THROTTLED if throttled else AnswerKind.UNKNOWN
    return SystemAnswer(kind, status, wait_seconds=wait, why=str(status))


def _success(reply: Reply) -> SystemAnswer:
    if not reply.body.strip():
        return SystemAnswer(AnswerKind.ANSWERED, reply.status)
    try:
        body = parse_strict(reply.body, max_bytes=len(reply.body))
    except InvalidJson:
        return SystemAnswer(AnswerKind.UNKNOWN, reply.status, why="NotJson")
    return SystemAnswer(AnswerKind.ANSWERED, reply.status, body)
