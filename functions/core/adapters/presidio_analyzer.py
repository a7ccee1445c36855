"""An analyzer of names behind the port `NameFinder`: Presidio's published REST contract.

https://microsoft.github.io/presidio/api-docs/api-docs.html: `POST /analyze` with text, language
and entities answers `[{entity_type, start, end, score}]`. A deployment runs it as a container at a
private address; whatever keeps it from answering ends a step, since a name that nobody looked for
may not be sent.
"""

import json
from collections.abc import Sequence
from typing import Any, Final

from functions.core.adapters.http_exchange import ExchangeFailed, HttpExchange, Reply
from functions.core.domain.errors import GuardUnavailable
from functions.core.domain.guards.answer.language import language_of
from functions.core.domain.guards.findings import Finding

ENTITIES: Final = {
    "PERSON": "person",
    "LOCATION": "address",
    "ADDRESS": "address",
    "ORGANIZATION": "organisation",
}
"""What an analyzer is asked for, and what a policy calls it."""
THRESHOLD: Final = 0.4
CONNECT_SECONDS: Final = 3.0
READ_SECONDS: Final = 8.0
MOST_BYTES: Final = 1_048_576
_OK: Final = 200


class PresidioAnalyzer:
    """Finds names, addresses and organisations.

    Parameters
    ----------
    url
        Where the analyzer is.
    languages
        What it has models for; a text in none of them is asked for in the first.
    """

    def __init__(self, url: str, languages: Sequence[str] = ("en",)) -> None:
        self._url = f"{url.rstrip('/')}/analyze"
        self._languages = tuple(languages)
        self._exchange = HttpExchange()

    def close(self) -> None:
        """Let go of the connections."""
        self._exchange.close()

    def find(self, text: str, kinds: Sequence[str]) -> Sequence[Finding]:
        """Return where names of *kinds* stand in *text*.

        Raises
        ------
        GuardUnavailable
            The analyzer did not answer, or not by its contract.
        """
        if not any(map(str.isalpha, text)):
            return ()
        entities = [entity for entity, kind in ENTITIES.items() if kind in kinds]
        told = language_of(text)
        asked = {
            "text": text,
            "language": told if told in self._languages else self._languages[0],
            "entities": entities,
            "score_threshold": THRESHOLD,
        }
        try:
            reply = self._exchange.send(
                "POST",
                self._url,
                headers={"Accept": "application/json"},
                body=asked,
                connect_seconds=CONNECT_SECONDS,
                read_seconds=READ_SECONDS,
                most_bytes=MOST_BYTES,
            )
        except ExchangeFailed as problem:
            raise _unavailable(problem.why) from None
        if reply.status != _OK:
            raise _unavailable(f"status {reply.status}")
        return _read(reply, text, entities)


def _read(reply: Reply, text: str, entities: Sequence[str]) -> Sequence[Finding]:
    try:
        found = json.loads(reply.body)
        return [_finding(one, text) for one in found if one["entity_type"] in entities]
    except (KeyError, RecursionError, TypeError, ValueError):
        raise _unavailable("unreadable") from None


def _finding(told: dict[str, Any], text: str) -> Finding:
    start, end, score = told["start"], told["end"], float(told["score"])
    if type(start) is not int or type(end) is not int or not 0 <= start < end <= len(text):
        raise ValueError("no place in the text")
    if not 0 <= score <= 1:
        raise ValueError("no score")
    return Finding(ENTITIES[told["entity_type"]], start, end, score, "analyzer")


def _unavailable(why: str) -> GuardUnavailable:
    record = {"rule": "personal_data", "detector": "analyzer", "failed": why}
    return GuardUnavailable("personal_data", (record,))
