"""The analyzer of names over a real connection, by Presidio's published REST contract."""

import json
from typing import Any

import pytest

from functions.core.adapters.presidio_analyzer import PresidioAnalyzer
from functions.core.domain.errors import GuardUnavailable
from functions.core.domain.guards.findings import Finding
from tests.integration.adapters.scripted_server import Script, answers, closes, floods, scripted

TEXT = "\U0001f600 Dr. Ana Planted lives in Bonn."


def found(*entities: dict[str, Any]) -> Script:
    """Answer as the analyzer does."""
    return answers("200 OK", json.dumps(list(entities)).encode())


def entity(kind: str, start: Any, end: Any, score: Any = 0.85) -> dict[str, Any]:
    told = {"entity_type": kind, "start": start, "end": end, "score": score}
    return {**told, "analysis_explanation": None, "recognition_metadata": {}}


def ask(url: str, text: str = TEXT, *kinds: str) -> Any:
    client = PresidioAnalyzer(url, ("en", "de"))
    try:
        return client.find(text, kinds or ("person", "address"))
    finally:
        client.close()


def test_it_asks_as_the_contract_says() -> None:
    """Text, language, the entities that the kinds stand for."""
    with scripted(found()) as server:
        assert ask(server.url) == []

    head, _, body = server.requests[0].partition(b"\r\n\r\n")
    assert head.startswith(b"POST /analyze HTTP/1.1")
    assert json.loads(body) == {
        "text": TEXT,
        "language": "en",
        "entities": ["PERSON", "LOCATION", "ADDRESS"],
        "score_threshold": 0.4,
    }


def test_a_text_is_asked_for_in_its_language_where_there_is_a_model() -> None:
    """Else in the first."""
    with scripted(found()) as server:
        ask(server.url, "Frau Planted hat uns die Rechnung noch nicht geschickt.")
        ask(server.url, "Madame Planted ne nous a pas encore envoyé la facture.")

    told = [json.loads(one.partition(b"\r\n\r\n")[2])["language"] for one in server.requests]
    assert told == ["de", "en"]


def test_its_places_are_places_of_the_text() -> None:
    """Counted in code points, as Python counts; what was not asked for is left."""
    script = found(entity("PERSON", 6, 17), entity("LOCATION", 27, 31), entity("DATE_TIME", 0, 1))
    with scripted(script) as server:
        places = ask(server.url)

    assert places == [
        Finding("person", 6, 17, 0.85, "analyzer"),
        Finding("address", 27, 31, 0.85, "analyzer"),
    ]
    assert [TEXT[one.start : one.end] for one in places] == ["Ana Planted", "Bonn"]


def test_what_holds_no_letter_is_not_sent() -> None:
    """A number or an empty text has no name in it."""
    with scripted(found()) as server:
        assert ask(server.url, "123-45 €") == ()

    assert server.requests == []


@pytest.mark.parametrize(
    ("script", "why"),
    [
        (answers("500 Oops", b'{"error": "planted"}'), "status 500"),
        (answers("422 No", b'{"error": "planted"}'), "status 422"),
        (answers("200 OK", b"planted"), "unreadable"),
        (answers("200 OK", b'{"error": "planted"}'), "unreadable"),
        (answers("200 OK", b'[{"entity_type": "PERSON"}]'), "unreadable"),
        (answers("200 OK", b"[" * 100_000), "unreadable"),
        (found(entity("PERSON", 0, 9999)), "unreadable"),
        (found(entity("PERSON", -3, 2)), "unreadable"),
        (found(entity("PERSON", 5, 5)), "unreadable"),
        (found(entity("PERSON", True, 5)), "unreadable"),
        (found(entity("PERSON", 0, 5, 7)), "unreadable"),
        (found(entity("PERSON", 0, 5, "planted")), "unreadable"),
        (closes, "RemoteProtocolError"),
        (floods, "TooLarge"),
    ],
)
def test_what_keeps_it_from_answering_has_a_name(script: Script, why: str) -> None:
    """An answer that can't be read is none: a name may stand where it says nothing."""
    with scripted(script) as server, pytest.raises(GuardUnavailable) as caught:
        ask(server.url)

    assert [one["failed"] for one in caught.value.record] == [why]
    assert "planted" not in repr(caught.value.record)
