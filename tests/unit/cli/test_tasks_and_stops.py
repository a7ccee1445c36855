"""`interlock tasks` and `interlock stop`."""

import pytest

from functions.core.domain.canonical import digest
from functions.core.domain.definitions import dump_document, parse_document
from tests.stage import TASK


@pytest.fixture
def newer(world):
    """Publish a version of the task that is not live."""
    document = {**TASK, "system": f"Sort the note well, {world.fresh()}."}
    world.services.catalog.publish("ai_task", "sort", document, by="deployment")
    return digest(document)


def test_it_shows_versions_label_and_layers(world, newer, told, typed):
    """What is live, what else there is, and the prompt in its layers."""
    shown = told("tasks", "show", "sort")

    assert shown["live"]["version"] == shown["version"]
    assert newer in [version["version"] for version in shown["versions"]]
    drawn = typed("tasks", "show", "sort", newer[:10]).stdout
    assert "Sort the note well" in drawn
    assert "layer 1" in drawn
    assert "layer 3" in drawn


def test_it_lists_the_inputs(world, typed):
    """Each with its kind, its limits, and what is done where it is longer or missing."""
    declared = {"kind": "csv", "columns": ["a", "b"], "max_characters": 100, "max_tokens": 90}
    variables = {"type": "object", "properties": {"note": {"type": "string"}}}
    written = TASK | {"variables_schema": variables, "inputs": {"note": declared}}
    document = dump_document(parse_document("ai_task", written))
    world.services.catalog.publish("ai_task", "sort", document, by="deployment")

    drawn = typed("tasks", "show", "sort", digest(document)[:10]).stdout

    line = next(line for line in drawn.splitlines() if "input note" in line)
    assert line.strip() == (
        'input note: csv; columns a, b; delimiter ","; max_rows 1000; shape "table"; '
        "at most 100 characters, 90 tokens; longer: refuse; missing: refuse"
    )


def test_promote_shows_what_changes_and_moves_the_label(world, newer, functions, told):
    """The function moves the label; the difference stands in the answer."""
    before = told("tasks", "show", "sort")["live"]["version"]

    answer = told("tasks", "promote", "sort", "--latest", "--why", "better")

    assert (answer["version"], answer["before"], answer["changed"]) == (newer, before, True)
    assert any(line.startswith("+Sort the note well") for line in answer["diff"])
    assert functions.asked[-1][1]["why"] == "better"
    history = told("tasks", "show", "sort")["history"]
    assert (history[0]["version"], history[0]["before"]) == (newer, before)


def test_promoting_what_is_live_changes_nothing(world, functions, told):
    """The label is not moved onto itself."""
    live = told("tasks", "show", "sort")["live"]["version"]

    answer = told("tasks", "promote", "sort", live, "--why", "again")

    assert not answer["changed"]
    assert functions.asked == []


def test_a_dry_run_only_shows(world, newer, functions, told):
    """Nothing is asked of the control plane."""
    answer = told("tasks", "promote", "sort", newer, "--why", "look", "--dry-run")

    assert answer["diff"]
    assert functions.asked == []


def test_a_version_that_was_changed_is_not_shown(world, newer, typed):
    """Its hash is taken again when it is read."""
    key = {"pk": {"S": "ai_task#sort"}, "sk": {"S": f"v#{newer}"}}
    forged = '{"system": "do evil"}'
    item = world.dynamodb.get_item(TableName="cli-catalog", Key=key)["Item"]
    changed = {**item, "document": {"S": forged}}
    world.dynamodb.put_item(TableName="cli-catalog", Item=changed)

    result = typed("tasks", "show", "sort", newer)

    world.dynamodb.put_item(TableName="cli-catalog", Item=item)
    assert result.exit_code == 4
    assert "was changed in the table" in result.stderr


@pytest.mark.parametrize("words", [["nope"], ["sort", "0000"]])
def test_what_is_not_there_is_not_found(world, typed, words):
    """A task or a version."""
    assert typed("tasks", "show", *words).exit_code == 3


def test_a_stop_is_set_shown_and_cleared(world, told):
    """Who, why and since when stand with it."""
    told("stop", "set", "target:crm", "--why", "it writes nonsense")

    [found] = [s for s in told("stop", "show")["stops"] if s["scope"] == "target:crm"]

    assert found["stopped"]
    assert found["why"] == "it writes nonsense"
    assert told("stop", "set", "target:crm", "--why", "again")["changed"] is False
    assert told("stop", "clear", "target:crm", "--why", "mended")["changed"] is True
    [found] = [s for s in told("stop", "show")["stops"] if s["scope"] == "target:crm"]
    assert not found["stopped"]


def test_a_scope_that_is_none_is_wrong_usage(functions, typed):
    """Nothing is asked of the control plane."""
    assert typed("stop", "set", "crm", "--why", "x").exit_code == 2
    assert functions.asked == []
