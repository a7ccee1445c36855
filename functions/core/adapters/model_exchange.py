"""What the dialects over HTTP share: one bounded request."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from functions.core.adapters.http_exchange import ExchangeFailed, HttpExchange, Reply, Sign
from functions.core.domain.models import AnswerStatus, ModelAnswer, ModelRequest
from functions.core.domain.targets import SigV4, Target

CONNECT_SECONDS: Final = 5.0
MOST_BYTES: Final = 4_194_304

BEARER: Final = "Authorization"

KeyOf = Callable[[str], str]
"""Secret's name -> key."""
SignerOf = Callable[[SigV4], Sign]
"""How a target's requests are signed -> what signs them, as the function's own role."""


class ModelExchange:
    """Sends a dialect's requests, each once: retries are the machine's.

    Parameters
    ----------
    base_urls : Mapping
        Target -> address, a stage's setting; it wins over the catalog's.
    key_of, signer_of
        What opens a target; a target has one of the two, or neither.
    """

    def __init__(
        self, base_urls: Mapping[str, str], key_of: KeyOf, signer_of: SignerOf | None = None
    ) -> None:
        self._base_urls = base_urls
        self._key_of = key_of
        self._signer_of = signer_of
        self._exchange = HttpExchange()

    def close(self) -> None:
        """Let go of the connections."""
        self._exchange.close()

    def post(
        self,
        request: ModelRequest,
        path: str,
        body: Any,
        *,
        headers: Mapping[str, str] | None = None,
        otherwise: str = "",
        key_header: str = BEARER,
    ) -> Reply | ModelAnswer:
        """Send *body* to *path* below the target's address; what prevents that is an answer.

        *otherwise* is the address of a target for which neither stage nor catalog names one;
        *key_header* is where the vendor looks for the key, if no gateway wants it elsewhere.
        """
        target = request.target
        base = self._base_urls.get(request.target_name) or target.base_url or otherwise
        if not base:
            return ModelAnswer(AnswerStatus.REJECTED, why="no base_url")
        given = {"Accept": "application/json", **(headers or {})}
        if target.secret is not None:
            given |= _opened(target.key_header or key_header, self._key_of(target.secret))
        try:
            return self._exchange.send(
                "POST",
                f"{base.rstrip('/')}{path}",
                headers=given,
                body=body,
                connect_seconds=CONNECT_SECONDS,
                read_seconds=request.timeout_seconds,
                most_bytes=MOST_BYTES,
                connection=target.connection,
                sign=self._signer(target),
            )
        except ExchangeFailed as problem:
            status = AnswerStatus.UNKNOWN if problem.sent else AnswerStatus.UNAVAILABLE
            return ModelAnswer(status, why=problem.why)

    def _signer(self, target: Target) -> Sign | None:
        signing = target.signing
        return self._signer_of(signing) if signing and self._signer_of else None


def _opened(header: str, key: str) -> dict[str, str]:
    return {header: f"Bearer {key}" if header.lower() == BEARER.lower() else key}
