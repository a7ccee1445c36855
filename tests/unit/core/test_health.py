"""A target's health and its limits a minute: shared, kept before sending, and free while well."""

from collections import Counter
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from functions.core.domain.checked import Checked
from functions.core.domain.health import Busy, Health, Turn, health_ref
from functions.core.domain.models import AnswerStatus, ModelAnswer, Usage
from functions.core.domain.step import Mark
from functions.core.domain.targets import PassedOver
from tests.fakes import MORNING, FakeModel, answered
from tests.stage import MODELS, TASK, Stage, run_of, step_of
from tests.unit.core.desk import GOOD, ME, Desk

RULE = PassedOver(failures=3, seconds=30)
DOWN = ModelAnswer(AnswerStatus.UNAVAILABLE, why="ConnectError")
REVOKED = ModelAnswer(AnswerStatus.REJECTED, http_status=401)
ODD_REQUEST = ModelAnswer(AnswerStatus.REJECTED, http_status=400)
THROTTLED = ModelAnswer(AnswerStatus.THROTTLED, wait_seconds=20)
BUSY = ModelAnswer(AnswerStatus.THROTTLED)


def story(*events: ModelAnswer | int, attempt: str = "a") -> tuple[Health, Busy | None]:
    """Let answers come and seconds pass; each call that finds a circuit half open probes it."""
    known, now = Health(), MORNING
    for event in events:
        if isinstance(event, int):
            now += timedelta(seconds=event)
            continue
        if known.busy(now) is None and known.probes(now):
            known = known.probed_by(attempt, "2026-11-22T09:00:00.000Z")
        known = known.after(event, attempt, now, RULE) or known
    return known, known.busy(now, attempt)


@pytest.mark.parametrize(
    ("events", "busy"),
    [
        ((), None),
        ((DOWN, DOWN), None),
        ((DOWN, DOWN, DOWN), Busy(Turn.DOWN, 30)),
        ((DOWN, DOWN, GOOD, DOWN, DOWN), None),
        ((REVOKED, REVOKED, REVOKED), Busy(Turn.DOWN, 30)),
        ((ODD_REQUEST,) * 9, None),
        ((DOWN, DOWN, DOWN, 29), Busy(Turn.DOWN, 1)),
        ((DOWN, DOWN, DOWN, 30), None),
        ((DOWN, DOWN, DOWN, 30, DOWN), Busy(Turn.DOWN, 60)),
        ((DOWN, DOWN, DOWN, 30, DOWN, 60, DOWN), Busy(Turn.DOWN, 120)),
        ((DOWN, DOWN, DOWN, 30, GOOD), None),
        ((DOWN, DOWN, DOWN, 30, GOOD, DOWN, DOWN, DOWN), Busy(Turn.DOWN, 30)),
        ((DOWN, DOWN, DOWN, 30, THROTTLED), Busy(Turn.THROTTLED, 20)),
        ((DOWN,) * 3 + (600, DOWN) * 9, Busy(Turn.DOWN, 600)),
        ((THROTTLED,), Busy(Turn.THROTTLED, 20)),
        ((THROTTLED, 5), Busy(Turn.THROTTLED, 15)),
        ((THROTTLED, 20), None),
        ((THROTTLED, GOOD), Busy(Turn.THROTTLED, 20)),
        ((BUSY,), Busy(Turn.THROTTLED, 1)),
        ((BUSY, 1, BUSY, 2, BUSY), Busy(Turn.THROTTLED, 4)),
        ((BUSY, 1, GOOD, BUSY), Busy(Turn.THROTTLED, 1)),
        ((BUSY, 99) * 9 + (BUSY,), Busy(Turn.THROTTLED, 60)),
    ],
)
def test_what_becomes_of_a_target(events, busy) -> None:
    """Throttles are waits for all; failures in a row open its circuit, and a probe decides."""
    assert story(*events)[1] == busy


def test_a_healthy_target_is_never_written() -> None:
    """What changes nothing is nothing new."""
    for answer in (GOOD, ModelAnswer(AnswerStatus.REFUSED), ODD_REQUEST):
        assert Health().after(answer, "a", MORNING, RULE) is None


def test_calls_from_before_it_opened_say_nothing_new() -> None:
    """Twenty that time out together are one failure of the target, not twenty minutes."""
    opened, busy = story(DOWN, DOWN, DOWN)

    assert opened.after(DOWN, "late", MORNING, RULE) is None
    assert busy == Busy(Turn.DOWN, 30)


def test_one_call_probes_and_the_others_wait_for_it() -> None:
    """Until it said something, or its time was over."""
    opened, _ = story(DOWN, DOWN, DOWN)
    later = MORNING + timedelta(seconds=30)
    probed = opened.probed_by("a", "2026-11-22T08:01:30.000Z")

    assert probed.busy(later, "a") is None
    assert probed.busy(later, "b") == Busy(Turn.DOWN, 60)
    assert probed.busy(later + timedelta(seconds=60), "b") is None


def test_an_item_of_another_release_is_read() -> None:
    """Keys that it does not know say nothing here; those that it lacks are as in health."""
    item = {"pk": "target#x", "sk": "health", "revision": 4, "mood": "grim"}

    assert Health.read(item) == Health(revision=4)


# in the step


class Row:
    """Several runs, one after the other, on one stage."""

    def __init__(self, route: Any = ("paid", "free"), **limits: int) -> None:
        told = route if isinstance(route, dict) else list(route)
        targets = {
            name: target | {"limits": target["limits"] | (limits if name == "paid" else {})}
            for name, target in MODELS["targets"].items()
        }
        models = {"targets": targets, "routes": {"default": told}}
        self.desk = Desk(models=models, ai_task=TASK | {"route": "default"})
        self.stage: Stage = self.desk.stage
        self._runs = 0

    def step(self) -> Any:
        """Return the step of a new run."""
        self._runs += 1
        run, ticket = self.stage.admitted(f"run{self._runs}")
        assert run == run_of(f"run{self._runs}")
        return step_of(run, ticket)

    def once(self, step: Any, *answers: ModelAnswer, again: Checked | None = None) -> Any:
        """Prepare, call and check once; return the call, what came back and what is next."""
        again = again or Checked(next="again")
        call = self.stage.prepare_call.prepare(
            step,
            {"note": "hello"},
            again.number,
            again.target_index,
            spent_seconds=again.spent_seconds,
            waited_seconds=again.waited_seconds,
        )
        self.model = FakeModel(*answers)
        told = self.stage.call_model.call(step, call, ME, {"openai_chat": self.model})
        return call, told, self.stage.check_answer.check(step, call, told)

    def fail(self, times: int) -> None:
        """Let so many runs find the first target down."""
        for _ in range(times):
            self.once(self.step(), DOWN)


def test_a_throttle_is_a_wait_for_everyone() -> None:
    """The next run does not ask a target that asked somebody to wait."""
    row = Row(["paid"])
    row.once(row.step(), THROTTLED)

    call, told, checked = row.once(row.step(), GOOD)

    assert (told.status, told.wait_seconds, row.model.asked) == ("TARGET_THROTTLED", 20, [])
    assert (checked.next, checked.number, checked.target_index) == ("wait", 1, 0)
    assert 20 <= checked.seconds <= 30
    assert row.desk.money() == (0, 0, 0)
    assert Mark.UNSENT in str(row.stage.store.get(_step(call)))


def test_who_waited_its_turn_has_lost_no_attempt_and_no_time() -> None:
    """The wait is over, and the call is the step's first."""
    row = Row(["paid"])
    row.once(row.step(), THROTTLED)
    step = row.step()
    checked = row.once(step, GOOD)[2]
    row.stage.clock.forward(seconds=checked.seconds)

    call, told, again = row.once(step, GOOD, again=checked)

    assert (call.number, call.spent_seconds, told.status) == (1, 0, "answered")
    assert (again.next, again.outcome) == ("accepted", "SUCCEEDED")


def test_a_failing_target_is_passed_over_by_the_next_run_and_probed_later() -> None:
    """Three in a row; the fourth run does not find out for itself. Its probe brings it back."""
    row = Row()
    row.fail(3)

    assert row.once(row.step(), GOOD)[0].target == "free"
    row.stage.clock.forward(seconds=30)
    assert row.once(row.step(), DOWN)[0].target == "paid"
    assert row.once(row.step(), GOOD)[0].target == "free"
    row.stage.clock.forward(seconds=60)
    assert row.once(row.step(), GOOD)[0].target == "paid"
    assert row.once(row.step(), GOOD)[0].target == "paid"


def test_a_target_that_fails_alone_is_waited_for() -> None:
    """There is no other: the step waits for its probe's turn, and no attempt is used up."""
    row = Row(["paid"])
    row.fail(3)

    _, told, checked = row.once(row.step())

    assert (told.status, checked.next, checked.number) == ("TARGET_DOWN", "wait", 1)


def test_two_that_come_for_one_probe_are_one_probe() -> None:
    """Both found it half open; the other goes on to the route's next target."""
    row = Row()
    row.fail(3)
    row.stage.clock.forward(seconds=30)
    steps = [row.step(), row.step()]
    calls = [row.stage.prepare_call.prepare(step, {"note": "hello"}, 1, 0) for step in steps]
    ref = health_ref("paid")
    health = row.stage.store.get(ref)
    turns, target = row.stage.tools.turns, _paid(row)

    taken = [
        turns.ask(
            "paid", target, health, attempt=call.attempt, until=ME.until, team="desk", tokens=9
        )
        for call in calls
    ]

    assert [call.target for call in calls] == ["paid", "paid"]
    assert taken == [None, Busy(Turn.DOWN, 29)]


def test_a_task_in_a_hurry_says_nothing_of_its_target() -> None:
    """That it gave up after two seconds is no failure of what it did not wait for."""
    row = Row()
    hurried = Checked(next="again", spent_seconds=28.0)

    row.once(row.step(), ModelAnswer(AnswerStatus.UNKNOWN), again=hurried)
    quiet = row.stage.store.get(health_ref("paid"))
    row.once(row.step(), ModelAnswer(AnswerStatus.UNKNOWN))

    assert quiet is None
    assert Health.read(row.stage.store.get(health_ref("paid"))).failures == 1


def test_fallback_is_on_declared_outcomes_only() -> None:
    """A route that does not name an outcome stays with its target."""
    quiet = Row({"targets": ["paid", "free"], "fallback_on": ["refused"]})
    quiet.fail(3)

    down, refused = quiet.once(quiet.step(), GOOD), Row({"targets": ["paid", "free"]})

    assert (down[0].target, down[2].next) == ("paid", "wait")
    assert refused.once(refused.step(), ModelAnswer(AnswerStatus.REFUSED))[2].target_index == 1


@pytest.mark.parametrize(
    ("outcome", "answer"),
    [
        ("unavailable", DOWN),
        ("unknown", ModelAnswer(AnswerStatus.UNKNOWN)),
        ("rejected", ODD_REQUEST),
        ("too_large", ModelAnswer(AnswerStatus.TOO_LARGE)),
        ("refused", ModelAnswer(AnswerStatus.REFUSED)),
        ("rejected_output", ModelAnswer(AnswerStatus.CUT)),
        ("rejected_output", ModelAnswer(AnswerStatus.EMPTY)),
        ("throttled", ModelAnswer(AnswerStatus.THROTTLED, wait_seconds=31)),
    ],
)
def test_each_outcome_has_its_word(outcome, answer) -> None:
    """With it the step goes on to the next target; without it, it does not."""
    named = Row({"targets": ["paid", "free"], "fallback_on": [outcome]})
    silent = Row({"targets": ["paid", "free"], "fallback_on": []})

    assert named.once(named.step(), answer)[2].target_index == 1
    assert silent.once(silent.step(), answer)[2].target_index == 0


def test_a_route_says_how_long_a_step_waits() -> None:
    """All its waits together; then it ends, with what it waited for as its reason."""
    row = Row({"targets": ["paid"], "wait_seconds": 25})
    row.once(row.step(), THROTTLED)
    waited = Checked(next="wait", waited_seconds=6)

    _, _, checked = row.once(row.step(), GOOD, again=waited)

    assert (checked.next, checked.outcome, checked.reason) == (
        "failed", "FAILED", "TARGET_THROTTLED",
    )  # fmt: skip


def test_the_deadline_spans_all_attempts() -> None:
    """What one attempt used up, the next does not have; no attempt is begun after it."""
    row = Row()
    step = row.step()
    half = Checked(next="again", spent_seconds=20.0)

    first = row.once(step, DOWN, again=half)[2]

    assert row.model.asked[0].timeout_seconds == 10
    assert (first.next, first.spent_seconds) == ("again", 20.0)
    over = Checked(next="again", spent_seconds=30.0)
    assert row.once(row.step(), DOWN, again=over)[2].next == "failed"


def test_an_attempt_s_time_is_counted_and_a_wait_s_is_not() -> None:
    """From its preparation to its check."""
    row = Row()
    step = row.step()
    call = row.stage.prepare_call.prepare(step, {"note": "hello"}, 1, 0)
    row.stage.clock.forward(seconds=12)
    told = row.stage.call_model.call(step, call, ME, {"openai_chat": FakeModel(DOWN)})

    assert row.stage.check_answer.check(step, call, told).spent_seconds == 12.0


# limits a minute


def test_requests_a_minute_are_kept_before_sending() -> None:
    """Over the limit is a wait until the next minute, not an error, and costs no attempt."""
    row = Row(["paid"], requests_per_minute=2)
    sent = [row.once(row.step(), GOOD)[1].status for _ in range(3)]
    row.stage.clock.forward(seconds=60)

    assert sent == ["answered", "answered", "RATE_LIMITED"]
    assert row.once(row.step(), GOOD)[1].status == "answered"


def test_tokens_a_minute_count_what_a_call_can_use() -> None:
    """A call that is larger than the limit takes a minute of its own."""
    row = Row(["paid"], tokens_per_minute=3)
    statuses = [row.once(row.step(), GOOD) for _ in range(2)]

    assert statuses[0][0].tokens > 3
    assert [told.status for _, told, _ in statuses] == ["answered", "RATE_LIMITED"]

    row.stage.clock.forward(seconds=statuses[1][2].seconds)
    assert row.once(row.step(), GOOD)[1].status == "answered"


def test_a_team_has_its_own_part_of_a_minute() -> None:
    """What one team uses up, another still has; what all have is for all."""
    row = Row(["paid"], requests_per_minute=3, team_requests_per_minute=2)
    turns, target = row.stage.tools.turns, _paid(row)

    def ask(team: str) -> bool:
        told = {"attempt": "a", "until": "", "team": team, "tokens": 1}
        return turns.ask("paid", target, None, **told) is None

    assert [ask(team) for team in ("a", "a", "a", "b", "b")] == [True, True, False, True, False]


def test_a_healthy_call_costs_no_more_of_the_store(monkeypatch) -> None:
    """One target: none for its health. A choice of targets: one read. A limit: one write."""

    def count(row: Row) -> Counter[str]:
        step, seen, under_way = row.step(), Counter[str](), list[str]()

        def counting(name: str) -> None:
            asked = getattr(row.stage.store, name)

            def counted(*args: Any, **told: Any) -> Any:
                seen[name] += not under_way
                under_way.append(name)
                try:
                    return asked(*args, **told)
                finally:
                    under_way.pop()

            monkeypatch.setattr(row.stage.store, name, counted)

        for name in ("get", "snapshot", "update", "put", "transact"):
            counting(name)
        row.once(step, GOOD)
        monkeypatch.undo()
        return seen

    plain = count(Row(["paid"]))

    assert count(Row(["paid", "free"])) - plain == {"snapshot": 1}
    limited = Row(["paid"], requests_per_minute=9)
    limited.once(limited.step(), GOOD)  # the minute's first call begins it
    assert count(limited) - plain == {"update": 1}


def _paid(row: Row) -> Any:
    from functions.core.domain.targets import Models

    return row.stage.catalog.live("models", "models", Models)[1].targets["paid"]


def _step(call: Any) -> Any:
    from functions.core.domain.names import AttemptName
    from functions.core.domain.run import step_ref

    attempt = AttemptName.parse(call.attempt)
    return step_ref(attempt.run, attempt.step)


# what cost more than it was bounded by

DEARER = answered('{"label":"good"}', usage=Usage(0, 3))
"""Three dollars."""


def test_a_cost_above_its_bound_raises_the_bound_of_the_calls_that_follow() -> None:
    """It is booked as it is; the gate sends the next one back, which is then bounded by as much."""
    row = Row(["paid"], output_tokens=2)
    row.once(row.step(), DEARER)
    step = row.step()

    first, told, checked = row.once(step, GOOD)
    money = row.desk.money()
    second, served, _ = row.once(step, GOOD, again=checked)

    assert (told.status, money) == ("BOUND_TOO_LOW", (3, 0, 0))
    assert (checked.next, checked.number, checked.seconds) == ("wait", 1, 1)
    assert [Decimal(call.worst_usd) for call in (first, second)] == [2, 3]
    assert served.status == "answered"


def test_a_route_with_a_choice_knows_the_bounds_beforehand() -> None:
    """It reads the health of its targets, and so prepares once."""
    row = Row(output_tokens=2)
    row.once(row.step(), DEARER)

    assert Decimal(row.once(row.step(), GOOD)[0].worst_usd) == 3


def test_a_bound_stays_raised_whatever_becomes_of_the_target() -> None:
    """A target that recovers has the same tokenizer."""
    known = Health(bound_percent=130)

    for answer in (GOOD, DOWN, THROTTLED):
        after = known.after(answer, "a", MORNING, RULE) or known
        assert after.bound_percent == 130
    assert known.after(GOOD, "a", MORNING, RULE, cost_percent=120) is None
