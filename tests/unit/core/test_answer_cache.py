"""The exact cache: a hit costs nothing and sends nothing, and only the very same question hits."""

from typing import Any

import pytest
from pydantic import ValidationError

from functions.core.domain.ai_step import Call
from functions.core.domain.ai_tasks import AiTask
from functions.core.domain.caching import ENTRY_BYTES, CacheRule
from functions.core.domain.checked import Checked
from functions.core.domain.expressions import Table
from functions.core.domain.models import AnswerStatus, ModelAnswer, Usage
from functions.core.domain.names import AttemptName
from functions.core.domain.run import Outcome, run_ref, step_ref
from functions.core.domain.step import Invocation, Mark
from functions.core.services.answer_cache import AnswerCache
from functions.core.services.evidence import from_item
from functions.core.services.labels import Mover
from functions.core.services.runs import Ended, Status
from functions.core.services.stops import set_stop
from tests.fakes import FakeClock, FakeModel, MemoryBlobs, answered
from tests.stage import KEYS, MODELS, POLICY, TASK, TEAM, WORKFLOW, Stage, step_of

RULE = {"ttl_seconds": 60, "personal": True}
CACHED = {**TASK, "cache": RULE}
ME = Invocation("me", "2026-11-22T09:01:00.000Z")
GOOD = answered('{"label":"good"}')


class Desk:
    """A stage whose task has a cache, and a model that counts."""

    def __init__(self, *answers: ModelAnswer, **changed: dict[str, Any]) -> None:
        self.stage = Stage()
        self.model = FakeModel(*(answers or (GOOD,)))
        self.publish(ai_task=CACHED, **changed)

    def publish(self, **changed: dict[str, Any]) -> None:
        """Make documents live."""
        for kind, document in changed.items():
            name = document.get("name", kind)
            version = self.stage.catalog.publish(kind, name, document, by="test")
            self.stage.clock.forward(seconds=1)
            self.stage.labels.promote(kind, name, version, Mover(by="test", why="-"))

    def prepared(self, dedup: str, note: str = "hello", state: str = "Sort") -> Call:
        """Admit a run, and prepare its call."""
        self.run, ticket = self.stage.admitted(dedup)
        self.step = step_of(self.run, ticket, state)
        return self.stage.prepare_call.prepare(self.step, {"note": note}, 1, 0)

    def checked(self, call: Call) -> Checked:
        """Call the model, and check the answer."""
        came = self.stage.call_model.call(self.step, call, ME, {"openai_chat": self.model})
        return self.stage.check_answer.check(self.step, call, came)

    def ask(self, dedup: str, note: str = "hello") -> Checked:
        """Do the step in a run of its own."""
        return self.checked(self.prepared(dedup, note))

    @property
    def sent(self) -> int:
        """How often the model was asked."""
        return len(self.model.asked)

    def record(self, kind: str) -> dict[str, Any]:
        """Return the body of a record of the last step."""
        chain = f"{self.run}#{self.step.step}"
        items = (i for i in self.stage.store.items(Table.EVIDENCE) if i["pk"] == chain)
        return next(dict(from_item(i).body) for i in items if i["kind"] == kind)

    def stop(self, scope: str, *, stopped: bool) -> None:
        """Throw a switch."""
        stage = self.stage
        set_stop(stage.store, stage.bus, stage.clock, scope=scope, stopped=stopped, by="a", why="-")

    def ledger(self) -> list[dict[str, Any]]:
        """Return the shards."""
        items = self.stage.store.items(Table.LEDGER)
        return [item for item in items if item["sk"].startswith("shard#")]


def test_the_same_question_is_asked_once() -> None:
    """The second run gets the first one's answer, and the model hears of the first alone."""
    desk = Desk()
    first = desk.ask("a")

    second = desk.ask("b")

    assert (first.outcome, second.outcome) == (Outcome.SUCCEEDED, Outcome.CACHED)
    assert second.next == "accepted"
    assert second.answer == first.answer
    assert desk.sent == 1


def test_a_hit_reserves_and_books_nothing() -> None:
    """The ledger is as it was."""
    desk = Desk()
    desk.ask("a")
    before = desk.ledger()

    call = desk.prepared("b")

    assert (call.worst_usd, call.shards) == ("0", 0)
    desk.checked(call)
    assert desk.ledger() == before


def test_a_hit_is_on_record_with_what_it_saved_and_who_had_asked() -> None:
    """In evidence, in the step's item, in the run's totals."""
    usage = answered('{"label":"good"}', usage=Usage(7, 3))
    desk = Desk(usage)
    first = desk.prepared("a")
    desk.checked(first)
    desk.ask("b")
    saved = {
        "cached_from": first.attempt,
        "saved_usd": "3",
        "saved_input_tokens": 7,
        "saved_output_tokens": 3,
    }

    assert saved.items() <= desk.record("prepared").items()
    assert saved.items() <= desk.record("checked").items()
    assert desk.record("checked")["outcome"] == "CACHED"
    run, _ = desk.stage.runs.finish(desk.run, Ended(Status.SUCCEEDED, "", {"label": "good"}))
    told = {"cached": 1, "saved_usd": "3", "saved_input_tokens": 7, "saved_output_tokens": 3}
    assert told.items() <= run["totals"].items()
    assert (run["totals"]["usd"], run["totals"]["input_tokens"]) == ("0", 0)


@pytest.mark.parametrize(
    "changed",
    [
        {"ai_task": {**CACHED, "system": "Sort it well."}},
        {"ai_task": {**CACHED, "sampling": {"seed": 1}}},
        {"ai_task": {**CACHED, "limits": {**TASK["limits"], "max_output_tokens": 3}}},
        {
            "ai_task": {
                **CACHED,
                "output_schema": {
                    **TASK["output_schema"],
                    "properties": {"label": {"enum": ["good", "bad", "odd"]}},
                },
            }
        },
        {"policy": {**POLICY, "max_answer_bytes": 4096}},
        {
            "models": {
                **MODELS,
                "targets": {
                    **MODELS["targets"],
                    "paid": {**MODELS["targets"]["paid"], "model": "paid-2"},
                },
            }
        },
        {"models": {**MODELS, "routes": {**MODELS["routes"], "default": ["free"]}}},
    ],
    ids=["prompt", "seed", "bound", "schema", "policy", "model", "target"],
)
def test_whatever_else_went_in_is_another_question(changed) -> None:
    """A version, a model, a target, a parameter: each asks anew."""
    desk = Desk()
    desk.ask("a")
    desk.publish(**changed)

    again = desk.ask("b")

    assert again.outcome == Outcome.SUCCEEDED
    assert desk.sent == 2


def test_other_words_are_another_question() -> None:
    """The messages are part of it."""
    desk = Desk()
    desk.ask("a", "hello")

    assert desk.ask("b", "hello!").outcome == Outcome.SUCCEEDED


def test_another_team_is_never_served() -> None:
    """The same task in a workflow of another team: not by name, and not by moving the object."""
    desk = Desk()
    desk.ask("a")
    ours = next(key for key in desk.stage.blobs.kept if key.startswith("cache/"))
    desk.publish(workflow={**WORKFLOW, "team": "shop"})
    desk.stage.blobs.kept[ours.replace(f"/{TEAM}/", "/shop/")] = desk.stage.blobs.kept[ours]

    again = desk.ask("b")

    assert again.outcome == Outcome.SUCCEEDED
    assert desk.sent == 2


def test_an_answer_serves_as_long_as_the_task_says() -> None:
    """After that it is asked for again."""
    desk = Desk()
    desk.ask("a")
    desk.stage.clock.forward(seconds=59)
    assert desk.ask("b").outcome == Outcome.CACHED
    desk.stage.clock.forward(seconds=1)

    assert desk.ask("c").outcome == Outcome.SUCCEEDED
    assert desk.sent == 2


@pytest.mark.parametrize(
    "answer",
    [
        answered('```json\n{"label":"good"}\n```'),
        answered('{"label":"odd"}'),
        ModelAnswer(AnswerStatus.CUT, text='{"label":"good"}', usage=Usage(1, 1)),
        ModelAnswer(AnswerStatus.REFUSED, usage=Usage(1, 1)),
    ],
    ids=["repaired", "unfit", "cut", "refused"],
)
def test_only_an_answer_that_needed_no_mending_is_kept(answer) -> None:
    """Nothing lies in the cache after any other."""
    desk = Desk(answer)

    desk.ask("a")

    assert not [key for key in desk.stage.blobs.kept if key.startswith("cache/")]


def test_the_gate_holds_for_a_hit() -> None:
    """A stop, a closed run, a pin that is gone: nothing is handed out."""
    desk = Desk()
    desk.ask("a")
    for scope, reason in (
        ("everything", "STOPPED_EVERYTHING"),
        ("target:paid", "STOPPED_TARGET:PAID"),
        ("workflow:sort_notes", "STOPPED_WORKFLOW:SORT_NOTES"),
    ):
        call = desk.prepared(f"b-{reason.lower()[8:]}")
        desk.stop(scope, stopped=True)

        checked = desk.checked(call)

        assert (checked.next, checked.outcome, checked.reason) == ("failed", "FAILED", reason)
        desk.stop(scope, stopped=False)


def test_a_run_that_is_over_is_served_nothing() -> None:
    """Between the preparation and the gate it was cancelled."""
    desk = Desk()
    desk.ask("a")
    call = desk.prepared("b")
    desk.stage.runs.cancel(desk.run, "ana", "-")

    assert desk.checked(call).reason == "RUN_NOT_OPEN"


def test_a_hit_makes_no_mark_until_it_ends_the_step() -> None:
    """Nothing may look as if it had been sent: a dead function's step is simply tried again."""
    desk = Desk()
    desk.ask("a")
    call = desk.prepared("b")
    desk.stage.call_model.call(desk.step, call, ME, {"openai_chat": desk.model})

    closed = desk.stage.close_attempt.close(desk.step, call, "Lambda.Unknown")

    item = desk.stage.store.get(step_ref(desk.run, desk.step.step))
    assert item[AttemptName.parse(call.attempt).key]["mark"] == Mark.UNSENT
    assert (closed.next, closed.number) == ("again", 2)


def test_a_function_that_comes_late_ends_nothing() -> None:
    """Its attempt was closed as unsent meanwhile; the step is the next attempt's."""
    desk = Desk()
    desk.ask("a")
    call = desk.prepared("b")
    came = desk.stage.call_model.call(desk.step, call, ME, {"openai_chat": desk.model})
    desk.stage.close_attempt.close(desk.step, call, "Lambda.Unknown")

    late = desk.stage.check_answer.check(desk.step, call, came)

    assert late.next == "lost"
    assert "outcome" not in desk.stage.store.get(step_ref(desk.run, desk.step.step))


def test_a_hit_whose_end_was_not_heard_says_it_again() -> None:
    """Its function wrote the end and died: no second end follows."""
    desk = Desk()
    desk.ask("a")
    call = desk.prepared("b")
    desk.checked(call)

    again = desk.stage.close_attempt.close(desk.step, call, "Lambda.Unknown")

    assert (again.next, again.outcome) == ("accepted", Outcome.CACHED)


def test_an_answer_that_is_refused_today_is_asked_for_anew() -> None:
    """An entry from before a check became stricter serves nobody."""
    desk = Desk()
    call = desk.prepared("a")
    told = {"attempt": call.attempt, "usd": "1", "input_tokens": 1, "output_tokens": 1}
    rule = CacheRule.model_validate(RULE)
    desk.stage.tools.cache.keep(
        rule, call.cache_key, team=TEAM, task="sort", answer='{"label":"odd"}', **told
    )

    assert desk.ask("b").outcome == Outcome.SUCCEEDED


def test_a_task_without_a_cache_touches_no_store_for_it() -> None:
    """No read and no write more than before."""
    desk = Desk()
    desk.publish(ai_task=TASK)
    call = desk.prepared("a")
    desk.checked(call)

    assert (call.cache_key, call.cached) == ("", None)
    assert not [key for key in desk.stage.blobs.kept if key.startswith("cache/")]


# the store of it


class Shelf:
    """A cache alone."""

    def __init__(self, **rule: Any) -> None:
        self.clock, self.blobs = FakeClock(), MemoryBlobs()
        self.cache = AnswerCache(self.blobs, KEYS, self.clock)
        self.rule = CacheRule.model_validate(RULE | rule)

    def keep(self, question: str, answer: str = "{}") -> str:
        """Keep an answer; return its key."""
        key = self.cache.key(TEAM, {"q": question})
        told = {"answer": answer, "attempt": "a", "usd": "1", "input_tokens": 1, "output_tokens": 1}
        self.cache.keep(self.rule, key, team=TEAM, task="sort", **told)
        return key

    def find(self, key: str) -> str | None:
        """Return the answer kept under *key*."""
        entry = self.cache.find(self.rule, key, team=TEAM, task="sort")
        return entry.answer if entry else None


def test_a_task_s_answers_take_up_no_more_than_it_says() -> None:
    """A new one takes an old one's slot, and nobody is served the wrong one."""
    shelf = Shelf(max_bytes=4 * ENTRY_BYTES)

    keys = {str(n): shelf.keep(str(n), f'{{"n":{n}}}') for n in range(40)}

    assert len(shelf.blobs.kept) <= 4
    served = {n: found for n, key in keys.items() if (found := shelf.find(key))}
    assert served
    assert all(answer == f'{{"n":{n}}}' for n, answer in served.items())


def test_what_is_too_large_is_not_kept() -> None:
    """One entry has its bound, too."""
    shelf = Shelf()

    assert shelf.find(shelf.keep("q", "x" * ENTRY_BYTES)) is None


@pytest.mark.parametrize("part", ["entry", "mac"])
def test_what_was_changed_in_the_bucket_serves_nobody(part) -> None:
    """An entry is signed under its key."""
    shelf = Shelf()
    key = shelf.keep("q", '{"a":"good"}')
    (place,) = shelf.blobs.kept
    old, new = {"entry": (b"good", b"evil"), "mac": (b'"mac":"', b'"mac":"0')}[part]
    shelf.blobs.kept[place] = shelf.blobs.kept[place].replace(old, new)

    assert shelf.find(key) is None


def test_a_cache_of_personal_answers_has_to_be_asked_for() -> None:
    """The schema marks a value as personal, and the task does not say that it knows."""
    with pytest.raises(ValidationError, match="personal = true"):
        AiTask.model_validate({**TASK, "cache": {"ttl_seconds": 60}})


def test_runs_of_a_question_do_not_share_an_artifact() -> None:
    """A hit is the run's own copy: another run's lifecycle does not delete it."""
    desk = Desk()
    desk.ask("a")

    call = desk.prepared("b")

    assert call.cached is not None
    assert f"/{desk.run}/" in call.cached.answer["interlock:artifact"]
    assert desk.stage.store.get(run_ref(desk.run))["team"] == TEAM
