"""An AI step that is given personal data: what leaves, what comes back, what is on record."""

import json
from typing import Any

import pytest

from functions.core.domain.errors import ArtifactRefused, InputBlocked
from functions.core.domain.expressions import Table
from functions.core.domain.guards.redaction import TOKEN
from functions.core.services.evidence import from_item
from tests.fakes import answered
from tests.stage import POLICY, TASK
from tests.unit.core.desk import RUN, Desk

MAIL, PHONE = "ann.lee@mail.example", "+49 30 901820"
NOTE = f"Write to {MAIL} or call {PHONE}."
KEY = "gh" + "p_" + "4f9Kq2LmX7cVb1Zt8RwYp3NsJd6HgTaEu0QiB"[:36]
WRITES = TASK | {
    "output_schema": {
        "type": "object",
        "required": ["to", "summary"],
        "additionalProperties": False,
        "properties": {
            "to": {"type": "string", "format": "email", "x-data-class": "personal"},
            "summary": {"type": "string", "maxLength": 200},
        },
    }
}


def policy(**rules: Any) -> dict[str, Any]:
    """Return the stage's policy with these rules."""
    return {**POLICY, "max_prompt_bytes": 8192, **rules}


def sent(desk: Desk, call: Any) -> str:
    """Return all that a model is sent."""
    return desk.stage.artifacts.fetch(call.prompt, run=RUN).decode()


def recorded(desk: Desk) -> list[dict[str, Any]]:
    """Return what the guards put on record of the step."""
    items = desk.stage.store.query(Table.EVIDENCE, f"{RUN}#Sort.1")
    return [one for item in items for one in from_item(item).body.get("guards", [])]


def tokens(text: str) -> list[str]:
    """Return the tokens of *text*, in order."""
    return [match[0] for match in TOKEN.finditer(text)]


def _answered(desk: Desk, to: str, summary: str, note: str = NOTE) -> Any:
    call = desk.prepare(note=note)
    said = json.dumps({"to": to, "summary": summary})
    return desk.check(call, desk.call(call, answered(said)))


def test_a_model_is_sent_tokens() -> None:
    """And evidence says how many of which kind."""
    desk = Desk()
    call = desk.prepare(note=NOTE)
    desk.call(call)
    said = sent(desk, call)

    assert MAIL not in said
    assert "901820" not in said
    assert [token.rpartition("_")[0] for token in tokens(said)] == ["<EMAIL", "<PHONE"]
    assert recorded(desk) == [
        {"rule": "personal_data", "action": "redact", "kinds": {"email": "1", "phone": "1"}}
    ]


def test_nothing_of_a_value_lies_outside_the_vault() -> None:
    """Not in the tables, not in the artifacts, not in what travels."""
    desk = Desk()
    call = desk.prepare(note=NOTE)
    kept = {key: content for key, content in desk.stage.blobs.kept.items() if b"ann.lee" in content}

    assert [key.split("/")[0] for key in kept] == ["vault"]
    assert "ann.lee" not in call.model_dump_json()
    assert "ann.lee" not in str(desk.stage.store.items("evidence"))


def test_a_personal_field_gets_its_value_back_before_its_schema_is_asked() -> None:
    """A token is no e-mail address; what it stands for is."""
    desk = Desk(ai_task=WRITES, policy=policy())
    token = tokens(sent(desk, desk.prepare(note=NOTE)))[0]
    checked = _answered(desk, token, f"Asks to write to {token}")
    to = desk.stage.artifacts.resolve(checked.answer["to"], run=RUN)

    assert (checked.outcome, to) == ("SUCCEEDED", MAIL)
    assert checked.answer["summary"] == f"Asks to write to {token}"


def test_a_policy_may_restore_everywhere_or_nowhere() -> None:
    """Only where it says so."""
    everywhere = Desk(ai_task=WRITES, policy=policy(personal_data={"restore": "answer"}))
    token = tokens(sent(everywhere, everywhere.prepare(note=NOTE)))[0]

    assert _answered(everywhere, token, token).answer["summary"] == MAIL

    nowhere = Desk(ai_task=WRITES, policy=policy(personal_data={"restore": "nowhere"}))
    assert _answered(nowhere, token, token).next != "accepted"


def test_a_token_that_came_with_the_text_is_not_restored_to_a_value() -> None:
    """Whoever writes one gets it back as they wrote it."""
    desk = Desk(ai_task=WRITES, policy=policy(personal_data={"restore": "answer"}))
    ours = tokens(sent(desk, desk.prepare(note=NOTE)))[0]
    call = desk.prepare(note=f"{NOTE} Print {ours}.")
    literal = tokens(sent(desk, call))[-1]
    said = json.dumps({"to": ours, "summary": f"It says {literal}"})
    checked = desk.check(call, desk.call(call, answered(said)))

    assert literal.startswith("<LITERAL_")
    assert checked.answer["summary"] == f"It says {ours}"


def test_a_policy_may_block_personal_data() -> None:
    """Unsent, with kinds and numbers on record."""
    desk = Desk(policy=policy(personal_data={"action": "block"}))

    with pytest.raises(InputBlocked):
        desk.prepare(note=NOTE)

    assert (desk.item["outcome"], desk.item["reason"]) == ("BLOCKED_BY_POLICY", "InputBlocked")
    assert recorded(desk)[0]["kinds"] == {"email": "1", "phone": "1"}
    assert "ann.lee" not in str(desk.stage.store.items("evidence"))


def test_where_personal_data_is_blocked_an_answer_with_it_is_too() -> None:
    """A model may have learned an address elsewhere."""
    desk = Desk(ai_task=WRITES, policy=policy(personal_data={"action": "block"}))
    checked = _answered(desk, MAIL, "-", note="Nothing personal.")

    assert (checked.outcome, checked.reason) == ("BLOCKED_BY_POLICY", "personal_data")


def test_a_policy_may_allow_personal_data() -> None:
    """For a target that may have it."""
    desk = Desk(policy=policy(personal_data={"action": "allow"}))
    call = desk.prepare(note=NOTE)

    assert MAIL in sent(desk, call)
    assert call.vault is None


def test_a_credential_leaves_as_a_token_and_never_comes_back() -> None:
    """Not even where values are restored everywhere."""
    desk = Desk(ai_task=WRITES, policy=policy(personal_data={"restore": "answer"}))
    note = f"My key {KEY} fails, {MAIL}"
    said = sent(desk, desk.prepare(note=note))
    secret, mail = tokens(said)
    checked = _answered(desk, mail, f"{secret} fails", note=note)

    assert KEY not in said
    assert checked.answer["summary"] == f"{secret} fails"


def test_a_credential_in_an_answer_is_not_passed_on() -> None:
    """Taken out, or the end of the step."""
    redacting = Desk(ai_task=WRITES, policy=policy())
    checked = _answered(redacting, "a@b.example", f"Use {KEY}", note="Which key?")

    assert checked.outcome == "SUCCEEDED"
    assert KEY not in checked.answer["summary"]

    blocking = Desk(ai_task=WRITES, policy=policy(secrets={"action": "block"}))
    checked = _answered(blocking, "a@b.example", f"Use {KEY}", note="Which key?")

    assert (checked.outcome, checked.reason) == ("BLOCKED_BY_POLICY", "secrets")


def test_the_vault_opens_for_its_own_run_only() -> None:
    """A reference of another run is refused, whatever it names."""
    desk = Desk()
    call = desk.prepare(note=NOTE)

    assert set(desk.stage.artifacts.unlock(call.vault, run=RUN).values()) == {MAIL, PHONE}
    with pytest.raises(ArtifactRefused):
        desk.stage.artifacts.unlock(call.vault, run="another")
