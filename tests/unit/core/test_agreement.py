"""Several answers to one question: when they agree, when they don't, and what each costs."""

import json
from typing import Any

import pytest
from pydantic import ValidationError

from functions.core.domain.agreement import (
    Agreement,
    Standing,
    agreement_misfits,
    standing,
    vote_of,
)
from functions.core.domain.ai_tasks import AiTask
from functions.core.domain.checked import Checked
from functions.core.domain.expressions import Table
from functions.core.domain.models import AnswerStatus, ModelAnswer, Usage
from functions.core.domain.run import Outcome, step_ref
from functions.core.domain.sampling import Sampling
from functions.core.domain.step import attempts
from functions.core.domain.targets import Target
from functions.core.services.evidence import from_item
from functions.core.services.stops import set_stop
from tests.fakes import answered
from tests.stage import MODELS, TASK
from tests.unit.core.test_answer_cache import ME, Desk

G, B = answered('{"label":"good"}'), answered('{"label":"bad"}')
ODD, PROSE = answered('{"label":"odd"}'), answered("good, I think")
REFUSED = ModelAnswer(AnswerStatus.REFUSED, usage=Usage(1, 1))
LIMITS = {**TASK["limits"], "attempts": 6}
RULE = {"samples": 3, "quorum": 2, "on": ["/label"]}
WARM = {"temperature": 0.8, "seed": 5}
SAMPLED = {**TASK, "limits": LIMITS, "agreement": RULE, "sampling": WARM}


class Jury(Desk):
    """A stage whose task is asked several times."""

    def __init__(self, *answers: ModelAnswer, **changed: Any) -> None:
        super().__init__(*answers)
        self.publish(ai_task={**SAMPLED, **changed})

    def decides(self, dedup: str = "a") -> list[Checked]:
        """Do the step in a run of its own, as its machine would; return what was said each time."""
        call, said = self.prepared(dedup), []
        while not said or said[-1].next == "again":
            said.append(self.checked(call))
            last = said[-1]
            if last.next == "again":
                call = self.stage.prepare_call.prepare(
                    self.step,
                    {"note": "hello"},
                    last.number,
                    last.target_index,
                    last.repair,
                    last.repairs,
                )
        return said

    @property
    def entries(self) -> list[dict[str, Any]]:
        """The attempts in the step's item, oldest first."""
        item = self.stage.store.get(step_ref(self.run, self.step.step))
        return [{"mark": str(one.mark), **one.facts} for one in attempts(item)]

    def records(self, kind: str) -> list[dict[str, Any]]:
        """Return the bodies of the step's records of a kind."""
        items = self.stage.store.items(Table.EVIDENCE)
        own = (i for i in items if i["pk"] == f"{self.run}#{self.step.step}")
        return [dict(from_item(i).body) for i in own if i["kind"] == kind]


@pytest.mark.parametrize(
    ("answers", "outcome", "reason", "asked"),
    [
        ((G, G), "SUCCEEDED", "", 2),
        ((G, B, G), "SUCCEEDED", "", 3),
        ((B, G, G), "SUCCEEDED", "", 3),
        ((REFUSED, G, G), "SUCCEEDED", "", 3),
        ((G, REFUSED, REFUSED), "REJECTED_OUTPUT", "NO_AGREEMENT", 3),
        ((REFUSED, REFUSED), "REJECTED_OUTPUT", "REFUSED", 2),
        ((PROSE, G, G), "SUCCEEDED", "", 3),
        ((G, ODD, B, G), "SUCCEEDED", "", 4),
    ],
    ids=["at once", "of three", "late", "one refused", "two refused", "hopeless", "prose", "odd"],
)
def test_what_most_samples_say_is_taken(answers, outcome, reason, asked) -> None:
    """As few are asked as it takes; one that gives no answer that fits counts for nobody."""
    jury = Jury(*answers)

    last = jury.decides()[-1]

    assert (last.outcome, last.reason, jury.sent) == (outcome, reason, asked)
    assert last.answer == ({"label": "good"} if outcome == "SUCCEEDED" else None)


def test_a_split_ends_as_soon_as_nothing_can_agree() -> None:
    """Three different answers of three: the second already decides nothing, the third ends it."""
    schema = json.loads(json.dumps(TASK["output_schema"]))
    schema["properties"]["label"]["enum"] = ["good", "bad", "so-so"]
    jury = Jury(G, B, answered('{"label":"so-so"}'), output_schema=schema)

    last = jury.decides()[-1]

    assert (last.next, last.outcome, last.reason) == ("failed", "REJECTED_OUTPUT", "NO_AGREEMENT")
    votes = jury.records("checked")[-1]["votes"]
    assert len(votes) == len(set(votes.values())) == 3
    assert all(record["answer"] for record in jury.records("answered"))


def test_each_sample_is_an_attempt_of_its_own() -> None:
    """With a mark, a reservation, a booking and records; together they are the step's cost."""
    jury = Jury(G, B, G)

    jury.decides()

    assert [entry["mark"] for entry in jury.entries] == ["answered"] * 3
    assert len({request.attempt for request in jury.model.asked}) == 3
    assert not any(shard["open"] for shard in jury.ledger())
    spent = sum(int(entry["usd"]) for entry in jury.entries)
    assert sum(shard["settled"] for shard in jury.ledger()) == spent > 0
    assert len(jury.records("answered")) == len(jury.records("checked")) == 3


def test_samples_are_drawn_by_other_seeds() -> None:
    """The same seed would bring the same answer; each stands on record."""
    jury = Jury(G, B, G)

    jury.decides()

    assert [request.asked.seed for request in jury.model.asked] == [5, 6, 7]
    assert [r["gen_ai.request.seed"] for r in jury.records("prepared")] == [5, 6, 7]


def test_across_asks_the_route_s_targets_in_turn() -> None:
    """The third sample of a route of two is the first target's again."""
    rule = {**RULE, "across": True}
    jury = Jury(G, B, G, agreement=rule, route="both", sampling=None)

    jury.decides()

    assert [request.target_name for request in jury.model.asked] == ["paid", "free", "paid"]


def test_the_step_s_attempts_bound_its_samples() -> None:
    """Repairs and failed exchanges use them up; then nothing can agree any more."""
    limits = {**LIMITS, "attempts": 3}
    lost = ModelAnswer(AnswerStatus.UNKNOWN, why="ReadTimeout")
    jury = Jury(G, lost, B, limits=limits)

    last = jury.decides()[-1]

    assert (last.reason, jury.sent) == ("NO_AGREEMENT", 3)


def test_a_count_that_is_repeated_counts_the_same() -> None:
    """Its function died unheard, and is invoked again."""
    jury = Jury(G, B, G)
    call = jury.prepared("a")
    came = jury.stage.call_model.call(jury.step, call, ME, {"openai_chat": jury.model})

    said = [jury.stage.check_answer.check(jury.step, call, came) for _ in range(3)]

    assert said[0] == said[1] == said[2]
    assert [entry.get("vote") for entry in jury.entries] == [said[0].vote]


def test_a_stop_ends_it_between_two_samples() -> None:
    """The gate is asked for each."""
    jury = Jury(G, G)
    first = jury.checked(jury.prepared("a"))
    call = jury.stage.prepare_call.prepare(jury.step, {"note": "hello"}, first.number, 0)
    stage = jury.stage
    set_stop(stage.store, stage.bus, stage.clock, scope="everything", stopped=True, by="a", why="-")

    last = jury.checked(call)

    assert (last.next, last.reason, jury.sent) == ("failed", "STOPPED_EVERYTHING", 1)


def test_what_was_agreed_on_once_is_not_asked_again() -> None:
    """Samples are asked each; the agreed answer serves the next run, and saved them all."""
    jury = Jury(G, B, G, cache={"ttl_seconds": 60, "personal": True})
    jury.decides("a")
    asked, spent = jury.sent, sum(int(entry["usd"]) for entry in jury.entries)

    again = jury.decides("b")

    assert asked == 3
    assert [each.outcome for each in again] == [Outcome.CACHED]
    assert (jury.sent, jury.entries[0]["saved_usd"]) == (3, str(spent))


def test_a_vote_says_nothing_to_who_has_no_key() -> None:
    """Equal answers have equal votes within a team, and nowhere else; only `on` counts."""
    rule = Agreement.model_validate({**RULE, "on": ["/a/b", "/c"]})
    one, other = {"a": {"b": 1}, "c": None, "d": 1}, {"a": {"b": 1.0}, "c": None, "d": 2}

    assert vote_of(rule, one, b"k") == vote_of(rule, other, b"k")
    assert vote_of(rule, one, b"k") != vote_of(rule, one, b"j")
    assert vote_of(rule, one, b"k") != vote_of(rule, {"a": {"b": 1}}, b"k")


@pytest.mark.parametrize(
    ("before", "vote", "left", "expected"),
    [
        ("", "a", 9, Standing.OPEN),
        ("a", "a", 9, Standing.AGREED),
        ("ab", "a", 0, Standing.AGREED),
        ("a", "b", 9, Standing.OPEN),
        ("a", "b", 0, Standing.FAILED),
        ("ab", "c", 9, Standing.FAILED),
        ("-", "-", 9, Standing.FAILED),
        ("-", "a", 9, Standing.OPEN),
        ("-", "a", 0, Standing.FAILED),
        ("aa", "b", 0, Standing.FAILED),
    ],
)
def test_standing_of_two_of_three(before, vote, left, expected) -> None:
    """`-` is a sample that gave no answer; only the latest vote can have the quorum."""
    rule = Agreement.model_validate(RULE)
    votes = ["" if each == "-" else each for each in before]

    assert standing(rule, votes, vote.replace("-", ""), left=left) is expected


def test_one_target_asked_coldly_would_say_the_same_again() -> None:
    """Refused when it is published, unless its targets are asked in turn."""
    rule, paid = Agreement.model_validate(RULE), Target.model_validate(MODELS["targets"]["paid"])
    reasoning = paid.model_copy(update={"takes_temperature": False})

    assert list(agreement_misfits(rule, None, paid))
    assert list(agreement_misfits(rule, Sampling(seed=1), paid))
    assert not list(agreement_misfits(rule, Sampling(temperature=1), paid))
    assert not list(agreement_misfits(rule, None, reasoning))
    assert not list(agreement_misfits(rule.model_copy(update={"across": True}), None, paid))


@pytest.mark.parametrize(
    ("changed", "what"),
    [
        ({"agreement": {**RULE, "quorum": 4}}, "more than there are samples"),
        ({"agreement": {**RULE, "samples": 4}}, "more than half"),
        ({"agreement": {**RULE, "on": ["/lable"]}}, "no field /lable"),
        ({"agreement": {**RULE, "on": ["/label", "/label"]}}, "stands twice"),
        ({"limits": TASK["limits"]}, "fewer than the agreement has samples"),
        (
            {"agreement": {**RULE, "across": True}, "cache": {"ttl_seconds": 1, "personal": True}},
            "no one's own",
        ),
        ({"min_confidence": 0.5}, "goes with confidence_at"),
        ({"min_confidence": 0.5, "confidence_at": "/label"}, "no required number"),
    ],
)
def test_a_task_that_contradicts_itself_is_refused(changed, what) -> None:
    """With the key that says so."""
    with pytest.raises(ValidationError, match=what):
        AiTask.model_validate({**SAMPLED, **changed})


# sure enough

SURE: dict[str, Any] = {
    "min_confidence": 0.7,
    "confidence_at": "/sure",
    "output_schema": {
        "type": "object",
        "required": ["label", "sure"],
        "additionalProperties": False,
        "properties": {
            "label": {"enum": ["good", "bad"]},
            "sure": {"type": "number", "minimum": 0, "maximum": 1},
            "quote": {"type": "string", "maxLength": 9, "x-data-class": "personal"},
        },
    },
}


def sure(much: float, label: str = "good") -> ModelAnswer:
    """Return an answer that is so sure of itself."""
    return answered(json.dumps({"label": label, "sure": much, "quote": "Ada"}))


def test_an_answer_that_is_not_sure_enough_is_no_answer() -> None:
    """The step is rejected at once; what it said is kept for the person who looks."""
    jury = Jury(sure(0.69), agreement=None, sampling=None, **SURE)

    [last] = jury.decides()

    item = jury.stage.store.get(step_ref(jury.run, jury.step.step))
    assert (last.outcome, last.reason, last.answer) == ("REJECTED_OUTPUT", "LOW_CONFIDENCE", None)
    assert item["answer"] == ""
    proposal = json.loads(item["proposal"])
    assert (proposal["label"], proposal["sure"]) == ("good", 0.69)
    assert "Ada" not in item["proposal"]
    assert jury.sent == 1


@pytest.mark.parametrize("much", [0.7, 1])
def test_an_answer_that_is_sure_enough_is_taken(much) -> None:
    """The bound itself is enough."""
    jury = Jury(sure(much), agreement=None, sampling=None, **SURE)

    [last] = jury.decides()

    assert (last.outcome, last.answer["sure"]) == ("SUCCEEDED", much)


@pytest.mark.parametrize(
    ("answers", "outcome", "reason"),
    [
        ((sure(0.1), sure(0.9), sure(0.8)), "SUCCEEDED", ""),
        ((sure(0.9), sure(0.1), sure(0.1)), "REJECTED_OUTPUT", "NO_AGREEMENT"),
        ((sure(0.1), sure(0.1)), "REJECTED_OUTPUT", "LOW_CONFIDENCE"),
    ],
)
def test_a_sample_that_is_not_sure_enough_does_not_count(answers, outcome, reason) -> None:
    """Like one that gave no answer."""
    jury = Jury(*answers, **SURE)

    last = jury.decides()[-1]

    assert (last.outcome, last.reason) == (outcome, reason)
