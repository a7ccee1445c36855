# ruff: noqa: E501 - a table reads best with a case a line
"""Each house rule: our own workflow keeps it, and one edit of that workflow breaks it."""

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from interlock.lint import house_money, house_outcomes, house_steps
from interlock.lint.house_money import is_money
from interlock.lint.registry import HOUSE
from tests.unit.lint.machines import jsonata, judged, machine

ROOT = Path(__file__).parents[3]
TRIAGE = json.loads(
    (ROOT / "statemachines/workflows/triage_ticket/triage_ticket.asl.json").read_text()
)
CLASSIFY = "/States/Classify"
DRAFT = "/States/DraftReply"
GIVEN = f"{DRAFT}/Arguments/Input"
VISIT = "$string($toMillis($states.context.State.EnteredTime))"

Edit = Callable[[dict[str, Any]], None]


def put(pointer: str, value: Any) -> Edit:
    """Set what *pointer* names; ... takes it away."""

    def edit(whole: dict[str, Any]) -> None:
        *way, last = pointer.split("/")[1:]
        part: Any = whole
        for key in way:
            part = part[int(key)] if isinstance(part, list) else part[key]
        if value is ...:
            del part[last]
        else:
            part[int(last) if isinstance(part, list) else last] = value

    return edit


def edited(*edits: Edit) -> dict[str, Any]:
    """Return our workflow after *edits*."""
    whole = copy.deepcopy(TRIAGE)
    for edit in edits:
        edit(whole)
    return whole


def step(name: str, **fields: Any) -> dict[str, Any]:
    """Return a governed step as the guide has it, with a fallback that the scope must have."""
    return {
        "Type": "Task",
        "Resource": "arn:aws:states:::states:startExecution.sync:2",
        "TimeoutSeconds": 864000,
        "Arguments": {
            "StateMachineArn": "${run_ai_task_arn}",
            "Name": f"{{% $substring($states.input.run, -26) & '-{name}.' & {VISIT} %}}",
            "Input": {
                "run": "{% $states.input.run %}",
                "ticket": "{% $states.input.ticket %}",
                "step": f"{{% '{name}.' & {VISIT} %}}",
                "task": "classify_ticket",
                "variables": {},
            },
        },
        "Retry": [{"ErrorEquals": ["StepFunctions.ThrottlingException"], "JitterStrategy": "FULL"}],
        "Catch": [{"ErrorEquals": ["States.ALL"], "Next": f"{name}Failed"}],
        **fields,
    }


def flow(**fields: Any) -> dict[str, Any]:
    """Return a workflow of one step, then Next or the run's end as *fields* say."""
    return jsonata({"Ask": step("Ask", **fields), "AskFailed": {"Type": "Fail"}})


def mapped(after: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """Return a workflow with a step in a Map, and *after* behind the Map."""
    inner = machine({"Ask": step("Ask", **fields), "AskFailed": {"Type": "Fail"}})
    each = {
        "Type": "Map",
        "ItemProcessor": inner,
        "Next": "After",
        "Assign": {"all": "{% $states.result %}"},
    }
    return jsonata({"Each": each, "After": after, "Done": {"Type": "Succeed"}})


ALL_LOST = {
    "Type": "Choice",
    "Choices": [{"Condition": "{% 'FAILED' in $states.input.outcome %}", "Next": "Done"}],
    "Default": "Done",
}

GOOD: list[tuple[str, dict[str, Any]]] = [
    ("our own", TRIAGE),
    ("the run takes the outcome over", flow(End=True, Output="{% $states.result.Output %}")),
    (
        "the run is told the outcome",
        flow(End=True, Output={"outcome": "{% $states.result.Output.outcome %}"}),
    ),
    ("a Map whose items are asked for afterwards", mapped(ALL_LOST, End=True)),
    (
        "the run's own input in a Map",
        edited(put(f"{GIVEN}/ticket", "{% $states.context.Execution.Input.ticket %}")),
    ),
    (
        "a ticket handed from variable to variable",
        edited(
            put("/States/RouteByCategory/Assign", {"pass": "{% $ticket %}"}),
            put(f"{GIVEN}/ticket", "{% $pass %}"),
        ),
    ),
    (
        "a step of a Map's item",
        edited(put(f"{GIVEN}/step", f"{{% 'DraftReply.' & $text & '.' & {VISIT} %}}")),
    ),
    (
        "a Pass between step and Choice",
        edited(
            put(f"{CLASSIFY}/Next", "Rest"),
            put("/States/Rest", {"Type": "Pass", "Next": "RouteByCategory"}),
        ),
    ),
    (
        "an amount that only travels",
        edited(put(f"{CLASSIFY}/Assign/amount", "{% $states.input.input.amount_usd %}")),
    ),
    (
        "whether there is an amount",
        edited(put(f"{CLASSIFY}/Assign/paid", "{% $exists($states.input.input.amount) %}")),
    ),
]

BAD: list[tuple[str, dict[str, Any], str]] = [
    ("IL301", edited(put(f"{GIVEN}/ticket", "{% $text %}")), f"{GIVEN}/ticket"),
    ("IL301", edited(put(f"{GIVEN}/ticket", "{% $ticket & '' %}")), f"{GIVEN}/ticket"),
    ("IL301", edited(put(f"{GIVEN}/ticket", ...)), f"{GIVEN}/ticket"),
    ("IL301", edited(put(f"{GIVEN}/run", "triage_ticket-abc")), f"{GIVEN}/run"),
    ("IL301", edited(put("/States/RouteByCategory/Assign", {"ticket": "{% $text %}"})), f"{GIVEN}/ticket"),
    ("IL301", edited(put(f"{DRAFT}/Catch/0/Assign/run", "other")), f"{GIVEN}/run"),
    ("IL301", edited(put(f"{CLASSIFY}/Assign/ticket", "{% $ticket %}")), f"{GIVEN}/ticket"),
    ("IL302", edited(put(f"{GIVEN}/step", f"{{% 'Draft.' & {VISIT} %}}")), f"{GIVEN}/step"),
    ("IL302", edited(put(f"{GIVEN}/step", "{% 'DraftReply.1' %}")), f"{GIVEN}/step"),
    ("IL303", edited(put(f"{DRAFT}/Arguments/Name", ...)), f"{DRAFT}/Arguments/Name"),
    ("IL303", edited(put(f"{DRAFT}/Arguments/Name", f"{{% 'DraftReply.' & {VISIT} %}}")), f"{DRAFT}/Arguments/Name"),
    ("IL303", edited(put(f"{DRAFT}/Arguments/Name", "{% $run & '-DraftReply.' %}")), f"{DRAFT}/Arguments/Name"),
    ("IL304", edited(put(f"{DRAFT}/Retry/0/ErrorEquals/0", "States.TaskFailed")), f"{DRAFT}/Retry/0/ErrorEquals"),
    ("IL305", edited(put(f"{DRAFT}/Catch", ...)), DRAFT),
    ("IL305", edited(put(f"{DRAFT}/Catch/0/ErrorEquals", ["States.TaskFailed"])), DRAFT),
    ("IL306", edited(put(f"{DRAFT}/Retry", ...)), f"{DRAFT}/Retry"),
    ("IL306", edited(put(f"{DRAFT}/Retry/0/JitterStrategy", ...)), f"{DRAFT}/Retry"),
    ("IL401", edited(put(f"{DRAFT}/Next", "UpdateTicket")), DRAFT),
    ("IL401", edited(put(f"{DRAFT}/Next", "TicketTriaged")), DRAFT),
    ("IL401", edited(put(f"{DRAFT}/Assign/last", ...)), DRAFT),
    ("IL401", edited(put("/States/CheckDraft/Choices/0/Condition", "{% $triage.category = 'spam' %}")), DRAFT),
    ("IL401", flow(End=True, Output={"last": {"outcome": "{% $states.result.Output.outcome %}"}}), "/States/Ask"),
    ("IL401", flow(End=True), "/States/Ask"),
    ("IL401", flow(End=True, Output={"outcome": "SUCCEEDED"}), "/States/Ask"),
    ("IL401", mapped({"Type": "Pass", "Next": "Done"}, End=True), "/States/Each/ItemProcessor/States/Ask"),
    ("IL402", edited(put("/States/CheckDraft/Default", ...)), "/States/CheckDraft"),
    ("IL403", edited(put("/States/CheckDraft/Choices/0/Condition", "{% $last.outcome = 'SUCCESS' %}")), "/States/CheckDraft/Choices/0/Condition"),
    ("IL403", edited(put("/States/CheckDraft/Choices/0/Condition", "{% $last.outcome in ['SUCCEEDED', 'DONE'] %}")), "/States/CheckDraft/Choices/0/Condition"),
    ("IL501", edited(put("/States/RouteByCategory/Choices/1/Condition", "{% $triage.refund_amount <= '10.00' %}")), "/States/RouteByCategory/Choices/1/Condition"),
    ("IL501", edited(put(f"{CLASSIFY}/Assign/total", "{% $sum($states.input.input.prices) %}")), f"{CLASSIFY}/Assign/total"),
    ("IL501", edited(put(f"{CLASSIFY}/Assign/total", "{% $states.input.input.items.(unitPrice * count) %}")), f"{CLASSIFY}/Assign/total"),
    ("IL501", edited(put(f"{CLASSIFY}/Assign/total", "{% -$states.input.input.fee_eur %}")), f"{CLASSIFY}/Assign/total"),
]  # fmt: skip


@pytest.mark.parametrize("definition", [pytest.param(d, id=name) for name, d in GOOD])
def test_a_workflow_that_keeps_the_house_rules_passes(definition: dict[str, Any]) -> None:
    """Nothing is found, no warning either."""
    house = {rule.id for rule in (*house_steps.RULES, *house_outcomes.RULES, *house_money.RULES)}

    assert [str(f) for f in judged(definition, *HOUSE) if f.rule.id in house] == []


@pytest.mark.parametrize(("rule", "definition", "place"), BAD, ids=lambda value: str(value)[:40])
def test_a_broken_house_rule_is_named_where_it_is_broken(
    rule: str, definition: dict[str, Any], place: str
) -> None:
    """By its id, at the pointer of the part to mend."""
    found = {(finding.rule.id, finding.place) for finding in judged(definition, *HOUSE)}

    assert (rule, place) in found


def test_each_house_rule_of_machines_has_a_broken_workflow() -> None:
    """So that no rule can go without a test that fails."""
    rules = (*house_steps.RULES, *house_outcomes.RULES, *house_money.RULES)

    assert {rule.id for rule in rules} == {rule for rule, _, _ in BAD}


@pytest.mark.parametrize(
    ("word", "money"),
    [
        ("amount", True),
        ("refund_amount", True),
        ("unitPrice", True),
        ("limit_usd", True),
        ("cost_cents", True),
        ("account", False),
        ("discounted", False),
        ("count", False),
        ("priority", False),
        ("feedback", False),
    ],
)
def test_money_is_known_by_its_name(word: str, money: bool) -> None:
    """A word of the name says it, not letters inside a word."""
    assert is_money(word) is money
