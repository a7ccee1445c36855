"""Detectors outside, as a policy names them: what they find, and what their silence means."""

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from functions.core.domain.errors import GuardUnavailable, InputBlocked
from functions.core.domain.expressions import Table
from functions.core.domain.guards.findings import Finding
from functions.core.domain.guards.outside import Guardrail, Intervention
from functions.core.services.check_answer import CheckAnswer
from functions.core.services.detectors import Detectors
from functions.core.services.evidence import from_item
from functions.core.services.prepare_call import PrepareCall
from tests.fakes import answered
from tests.stage import POLICY
from tests.unit.core.desk import RUN, Desk

FOUND = Intervention(intervened=True, assessed=("contentPolicy filters INSULTS BLOCKED",))
SILENT = Intervention(failed="ThrottlingException")
GOOD = answered('{"label":"good","quote":"Ana wrote it"}')


class FakeGuardrails:
    """Says what it is told to say; keeps what it was asked."""

    def __init__(self, says: Intervention) -> None:
        self.says = says
        self.asked: list[tuple[str, list[str]]] = []

    def apply(self, guardrail: Guardrail, texts: Sequence[str]) -> Intervention:
        """Answer."""
        self.asked.append((guardrail.source, list(texts)))
        return self.says


class FakeNames:
    """Knows one name."""

    def find(self, text: str, kinds: Sequence[str]) -> Sequence[Finding]:
        """Return where it stands."""
        at = text.find("Ana")
        return [] if at < 0 else [Finding("person", at, at + 3, 0.85, "analyzer")]


def desk_of(outside: Any = None, names: Any = None, **rules: Any) -> Desk:
    """Return a desk whose functions reach these detectors, under a policy with these rules."""
    desk = Desk(policy={**POLICY, "max_prompt_bytes": 8192, **rules})
    made = [(lambda one=one: one) if one is not None else None for one in (outside, names)]
    tools = replace(desk.stage.tools, detectors=Detectors(*made))
    desk.stage.prepare_call = PrepareCall(tools, lambda *_: "")
    desk.stage.check_answer = CheckAnswer(tools)
    return desk


def on(source: str, mode: str = "enforce") -> dict[str, Any]:
    """Return the rules of a policy with one guardrail."""
    apply = [{"id": "abc123", "version": "3", "source": source}]
    return {"guardrails": {"mode": mode, "apply": apply}}


def recorded(desk: Desk) -> list[dict[str, Any]]:
    """Return what is on record of guardrails."""
    items = desk.stage.store.query(Table.EVIDENCE, f"{RUN}#Sort.1")
    found = [one for item in items for one in from_item(item).body.get("guards", [])]
    return [one for one in found if one["rule"] == "guardrail" or "detector" in one]


def test_an_input_on_which_a_guardrail_intervenes_is_not_sent() -> None:
    """It is shown what would be sent: tokens, no personal data."""
    guardrails = FakeGuardrails(FOUND)
    desk = desk_of(guardrails, **on("INPUT"))

    with pytest.raises(InputBlocked):
        desk.prepare(note="Write to ana@example.com, you fool")

    [(source, [text])] = guardrails.asked
    assert (source, "ana@example.com" in text, "<EMAIL_" in text) == ("INPUT", False, True)
    assert (desk.item["outcome"], desk.item["reason"]) == ("BLOCKED_BY_POLICY", "InputBlocked")
    [told] = recorded(desk)
    assert (told["guardrail"], told["version"], told["assessed"]) == (
        "abc123",
        "3",
        ["contentPolicy filters INSULTS BLOCKED"],
    )


def test_an_answer_on_which_a_guardrail_intervenes_is_withheld() -> None:
    """It is shown what the model said."""
    guardrails = FakeGuardrails(FOUND)
    desk = desk_of(guardrails, **on("OUTPUT"))

    checked = desk.once(GOOD)

    assert (checked.outcome, checked.reason) == ("BLOCKED_BY_POLICY", "answer.guardrail")
    assert guardrails.asked == [("OUTPUT", ['{"label":"good","quote":"Ana wrote it"}'])]
    assert [one["source"] for one in recorded(desk)] == ["OUTPUT"]


@pytest.mark.parametrize("guardrails", [FakeGuardrails(SILENT), None], ids=["silent", "none"])
def test_a_guardrail_that_says_nothing_lets_nothing_pass(guardrails: Any) -> None:
    """Neither way; the reason has a name of its own."""
    asks, answers = desk_of(guardrails, **on("INPUT")), desk_of(guardrails, **on("OUTPUT"))

    with pytest.raises(GuardUnavailable):
        asks.prepare()
    checked = answers.once(GOOD)

    assert (asks.item["outcome"], asks.item["reason"]) == ("BLOCKED_BY_POLICY", "GuardUnavailable")
    assert (checked.outcome, checked.reason) == ("BLOCKED_BY_POLICY", "GuardUnavailable")
    assert all("failed" in one for one in (*recorded(asks), *recorded(answers)))


@pytest.mark.parametrize("says", [FOUND, SILENT], ids=["intervenes", "silent"])
@pytest.mark.parametrize("source", ["INPUT", "OUTPUT"])
def test_a_guardrail_that_only_logs_goes_on_record(source: str, says: Intervention) -> None:
    """Whatever it says."""
    desk = desk_of(FakeGuardrails(says), **on(source, "log_only"))

    assert desk.once(GOOD).outcome == "SUCCEEDED"
    assert [(one["mode"], one["source"]) for one in recorded(desk)] == [("log_only", source)]


def test_a_guardrail_is_not_asked_about_the_other_side() -> None:
    """Nor where no policy names one."""
    guardrails = FakeGuardrails(FOUND)

    assert desk_of(guardrails).once(GOOD).outcome == "SUCCEEDED"
    assert guardrails.asked == []


NAMES = {"personal_data": {"kinds": ["person"]}}


def test_names_go_as_tokens_and_come_back() -> None:
    """With the other personal data: one merge, one vault."""
    desk = desk_of(names=FakeNames(), **NAMES)
    call = desk.prepare(note="Ana asks: ana@example.com")
    sent = json.loads(desk.stage.artifacts.fetch(call.prompt, run=RUN))[-1]["content"]
    token = sent[sent.index("<PERSON_") :].partition(">")[0] + ">"

    said = answered(json.dumps({"label": "good", "quote": f"{token} asks"}))
    checked = desk.check(call, desk.call(call, said))

    assert "Ana" not in sent
    assert "<EMAIL_" in sent
    assert desk.stage.artifacts.resolve(checked.answer, run=RUN)["quote"] == "Ana asks"


def test_without_an_analyzer_a_policy_that_asks_for_names_ends_the_step() -> None:
    """A name that nobody looked for is not sent."""
    desk = desk_of(**NAMES)

    with pytest.raises(GuardUnavailable):
        desk.prepare()

    assert (desk.item["outcome"], desk.item["reason"]) == ("BLOCKED_BY_POLICY", "GuardUnavailable")
    assert [one["failed"] for one in recorded(desk)] == ["there is none"]


def test_where_personal_data_blocks_a_name_in_an_answer_does() -> None:
    """Nothing of the kind was sent, so the model made it up."""
    rules = {"personal_data": {"kinds": ["person"], "action": "block"}}

    assert desk_of(names=FakeNames(), **rules).once(GOOD).reason == "personal_data"
