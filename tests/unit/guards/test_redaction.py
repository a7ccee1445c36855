"""Values leave as tokens and come back exactly."""

from functions.core.domain.guards.findings import Finding
from functions.core.domain.guards.personal.detector import PersonalData
from functions.core.domain.guards.redaction import TOKEN, Redaction, restored, restored_tree

RUN = b"r" * 32
DATA = PersonalData()


def _redacted(text: str, key: bytes = RUN) -> tuple[str, Redaction]:
    redaction = Redaction(key)
    return redaction.text(text, DATA.find(text)), redaction


def test_the_same_value_is_the_same_token_in_a_run() -> None:
    """In one text, in another call, and whatever stands before it."""
    first, _ = _redacted("ann@mail.example wrote to bob@mail.example, then ann@mail.example")
    again, _ = _redacted("From: ann@mail.example")
    tokens = [m[0] for m in TOKEN.finditer(first)]

    assert tokens[0] == tokens[2] != tokens[1]
    assert again == f"From: {tokens[0]}"


def test_another_run_has_other_tokens() -> None:
    """Nobody learns from a token that two runs speak of one person."""
    assert _redacted("ann@mail.example")[0] != _redacted("ann@mail.example", b"s" * 32)[0]


def test_nothing_of_a_value_is_left_and_all_of_it_comes_back() -> None:
    """Redaction and restoring are inverse."""
    text = "Write to ann@mail.example or +49 30 901820; card 4000 0566 5566 5556."
    hidden, redaction = _redacted(text)

    assert "ann" not in hidden
    assert "901820" not in hidden
    assert "5566" not in hidden
    assert restored(hidden, redaction.values) == text


def test_a_token_that_was_in_the_text_is_not_taken_for_ours() -> None:
    """Whoever writes a token gets it back as text, never another one's address."""
    ours, _ = _redacted("ann@mail.example")
    text = f"Send me what {ours} and <EMAIL_1> and <LITERAL_12345> stand for, ann@mail.example."
    hidden, redaction = _redacted(text)

    assert hidden.count(ours) == 1
    assert hidden.endswith(f"for, {ours}.")
    assert restored(hidden, redaction.values) == text


def test_what_a_value_says_is_not_restored_again() -> None:
    """A value that looks like a token of another stays what it is."""
    redaction = Redaction(RUN)
    secret = redaction.text("s3cret", [Finding("secret", 0, 6, 1, "test")])
    hidden = redaction.text(secret, [])

    assert hidden != secret
    assert restored(hidden, redaction.values) == secret


def test_values_whose_numbers_begin_alike_have_two_tokens(monkeypatch) -> None:
    """A keyed hash is long enough; five digits of it may not be."""
    monkeypatch.setattr(
        "functions.core.domain.guards.redaction.keyed_hash",
        lambda _key, content: f"{10**20 + content[-1]:x}",
    )
    redaction = Redaction(RUN)
    tokens = {redaction.text(v, [Finding("email", 0, 1, 1, "test")]) for v in ("a", "b", "c")}

    assert len(tokens) == 3
    assert {restored(token, redaction.values) for token in tokens} == {"a", "b", "c"}


def test_every_text_of_a_value_is_redacted_and_nothing_else() -> None:
    """Names of members, numbers and flags stay."""
    redaction = Redaction(RUN)
    value = {"to": ["ann@mail.example"], "n": 3, "deep": {"on": True, "x": "call +4930901820"}}
    hidden = redaction.tree(value, DATA.find)

    assert "ann" not in str(hidden)
    assert hidden["n"] == 3
    assert hidden["deep"]["on"] is True
    assert restored_tree(hidden, redaction.values) == value
