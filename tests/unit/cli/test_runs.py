"""`interlock runs`, on items that the services wrote."""

import json

from functions.core.domain.run import run_ref
from functions.core.domain.systems import AnswerKind, SystemAnswer


def test_it_lists_the_newest_first(world, told):
    """A list begins with the run that began last."""
    older, newer = world.succeeded(), world.succeeded()

    listed = [run["run"] for run in told("runs", "list")["runs"]]

    assert listed.index(newer) < listed.index(older)


def test_it_lists_only_what_was_asked_for(world, told):
    """Status and workflow select."""
    run, _ = world.started()
    world.finished(run, error="States.TaskFailed")

    failed = told("runs", "list", "--status", "failed", "--workflow", "sort_notes")["runs"]

    assert run in [found["run"] for found in failed]
    assert {found["status"] for found in failed} == {"FAILED"}
    assert told("runs", "list", "--workflow", "another")["runs"] == []


def test_a_run_is_found_by_what_came_in(world, told, typed):
    """By a field's name or its pointer; a value that none has finds none."""
    run, other = world.succeeded(), world.succeeded()
    item = json.loads(world.services.store.get(run_ref(run))["input"])
    key = str(item["id"])

    assert [r["run"] for r in told("runs", "list", "--where", f"id={key}")["runs"]] == [run]
    assert [r["run"] for r in told("runs", "list", "--where", f"/id={key}")["runs"]] == [run]
    assert other not in json.dumps(told("runs", "list", "--where", f"id={key}"))
    assert told("runs", "show", f"id={key}")["run"] == run
    assert typed("runs", "show", "nothing=x").exit_code == 3
    assert told("runs", "list", "--where", "nothing=x")["runs"] == []
    assert told("runs", "list", "--where", f"id={key}", "--where", "nothing=x")["runs"] == []
    refused = typed("runs", "list", "--where", "id")
    assert (refused.exit_code, "FIELD=VALUE" in refused.stderr) == (2, True)


def test_it_stops_at_the_limit(world, told):
    """No more than --limit."""
    world.succeeded()
    world.succeeded()

    assert len(told("runs", "list", "--limit", "1")["runs"]) == 1


def test_it_shows_steps_attempts_and_totals(world, told):
    """What each step did, who answered, and what it used."""
    run = world.succeeded()

    seen = told("runs", "show", run)

    assert [step["name"] for step in seen["steps"]] == ["crm.keyed", "sort"]
    assert [a["model"] for step in seen["steps"] for a in step["attempts"]] == ["", ""]
    assert seen["totals"]["attempts"] == 2
    assert seen["totals"]["input_tokens"] == 10
    assert seen["totals"]["model_usd"] == "1"
    assert seen["output"] == {"outcome": "SUCCEEDED", "label": "good"}
    assert seen["evidence"]["sealed"] is True


def test_it_draws_a_run_in_lines(world, typed):
    """People see the steps, their outcomes and the verdict."""
    run = world.succeeded()

    drawn = typed("runs", "show", run).stdout

    assert f"{run} SUCCEEDED" in drawn
    assert "Sort AI task sort@" in drawn
    assert "attempt 1 answered" in drawn
    assert "label=good" in drawn
    assert "(estimate)" in drawn


def test_a_reference_is_shown_without_its_mac(world, told):
    """What is shown can't be used: nobody copies a reference into an event."""
    run = world.succeeded()

    note = told("runs", "show", run)["input"]["note"]

    assert note["bytes"] == 6
    assert "mac" not in note


def test_a_name_may_be_shortened(world, told):
    """The start or the end of its mark is enough, and `last` is the newest."""
    run = world.succeeded()
    mark = run.rpartition("-")[2]

    for text in (run, mark[:10], mark[-10:], f"sort_notes-{mark[:10]}", "last"):
        assert told("runs", "show", text)["run"] == run


def test_a_name_of_several_is_no_name(world, typed):
    """An ambiguous name is a usage error that lists what it may mean."""
    world.succeeded()
    world.succeeded()

    result = typed("runs", "show", "sort_notes-")

    assert result.exit_code == 2
    assert "may mean sort_notes-" in result.stderr


def test_a_run_that_is_not_there_is_not_found(typed):
    """Exit code 3, one sentence, and what to type."""
    result = typed("runs", "show", "sort_notes-" + "a" * 26)

    assert result.exit_code == 3
    assert result.stderr.splitlines()[0] == f"there is no run sort_notes-{'a' * 26}"
    assert "interlock runs list" in result.stderr
    assert "Traceback" not in result.stderr


def test_check_says_whether_it_succeeded(world, typed):
    """--check makes the exit code of `show` the run's own."""
    good = world.succeeded()
    bad, _ = world.started()
    world.finished(bad, error="States.TaskFailed")

    assert typed("runs", "show", good, "--check").exit_code == 0
    assert typed("runs", "show", bad, "--check").exit_code == 1


def test_text_of_strangers_moves_no_terminal(world, typed):
    """Escapes, overrides and markup of an event are shown, not obeyed."""
    run, _ = world.started("\x1b[31m[bold]x[/bold]\u202e" + world.fresh())
    world.finished(run)

    drawn = typed("runs", "show", run).stdout

    assert "\x1b" not in drawn
    assert "\u202e" not in drawn
    assert r"\x1b[31m[bold]x[/bold]\u{202e}" in drawn


def test_why_names_step_attempt_and_model(world, typed):
    """A rejected answer is explained: which step, which attempts, what it means."""
    run, ticket = world.started()
    world.asked(run, ticket, '{"label": "neither"}')
    reason = "SCHEMA: /label: enum"
    world.finished(run, {"outcome": "REJECTED_OUTPUT", "reason": reason})

    said = typed("runs", "why", run).stdout

    assert f"Step Sort (AI task sort) ended REJECTED_OUTPUT: {reason}" in said
    assert "attempt 1 to paid" in said
    assert "attempt 2 to paid" in said
    assert "misses the task's output schema" in said
    assert said.splitlines()[-1] == "next: interlock tasks show sort"


def test_why_warns_where_a_system_may_have_acted(world, told):
    """An unknown outcome is told as such."""
    run, ticket = world.started()
    answer = SystemAnswer(AnswerKind.REJECTED, 400, why="400")
    world.written(run, ticket, answer)
    world.finished(run, {"outcome": "FAILED", "reason": "REJECTED 400"})

    explained = told("runs", "why", run)

    assert explained["meaning"].startswith("The system refused the request")
    assert explained["next"] == f"interlock evidence show {run} --step Write"


def test_why_shows_an_unknown_reason_as_it_is(world, told):
    """No sentence is made up for a reason that nobody declared."""
    run, _ = world.started()
    world.finished(run, {"outcome": "FAILED", "reason": "MOON_PHASE 3"})

    explained = told("runs", "why", run)

    assert explained["what"] == ["The run ended FAILED (MOON_PHASE 3)."]
    assert explained["meaning"] == ""


def test_cancel_puts_name_and_reason_on_record(world, functions, told):
    """The function is asked, with who and why; nothing is written from here."""
    run, _ = world.started()

    answer = told("runs", "cancel", run, "--why", "wrong customer")

    assert answer["status"] == "CANCELLED"
    [(name, request)] = functions.asked
    assert (name, request["run"], request["why"]) == ("cancel_run", run, "wrong customer")
    assert "arn:aws:" in request["by"]
    assert "wrong customer" in " ".join(told("runs", "why", run)["what"])


def test_cancelling_what_is_over_is_refused(world, typed):
    """The control plane's no is exit code 4, with its words."""
    run = world.succeeded()

    result = typed("runs", "cancel", run, "--why", "too late")

    assert result.exit_code == 4
    assert "the run is SUCCEEDED" in result.stderr


def test_cancel_demands_a_reason(world, functions, typed):
    """Without --why nothing is asked of the control plane."""
    run, _ = world.started()

    assert typed("runs", "cancel", run).exit_code == 2
    assert functions.asked == []


def test_a_problem_is_json_where_json_was_asked_for(typed):
    """Programs read errors too."""
    result = typed("runs", "show", "zzz", "--json")

    assert json.loads(result.stderr)["exit"] == result.exit_code == 3
    assert result.stdout == ""
