"""`interlock tasks diff`."""

import json

import boto3
import pytest

from functions.core.domain.canonical import digest
from tests.stage import STAGE, TASK
from tests.unit.cli.projects import copied

ROLE = "arn:aws:iam::123456789012:role/machine"


@pytest.fixture
def wider(world):
    """Publish a version of the task that may answer more; return its hash."""
    schema = json.loads(json.dumps(TASK["output_schema"]))
    schema["properties"]["label"]["enum"].append("odd")
    system = f"Sort the note \x1b[2J well, {world.fresh()}."
    document = {**TASK, "system": system, "output_schema": schema}
    world.services.catalog.publish("ai_task", "sort", document, by="deployment")
    return digest(document)


@pytest.fixture
def machine(world):
    """Let the stage have the workflow's machine."""
    client = boto3.client("stepfunctions")
    definition = json.dumps({"StartAt": "A", "States": {"A": {"Type": "Succeed"}}})
    name = f"interlock-{STAGE}-wf-sort_notes"
    return client.create_state_machine(name=name, definition=definition, roleArn=ROLE)


def test_it_says_what_differs_what_can_break_and_whom(world, machine, wider, told):
    """Between what is live and what was published last."""
    live = told("tasks", "show", "sort")["live"]["version"]

    answer = told("tasks", "diff", "sort", "live", "latest")

    assert answer["from"] == {"called": "live", "version": live}
    assert answer["to"] == {"called": "latest", "version": wider}
    assert "--- system" in answer["diff"]
    assert [(one["part"], one["pointer"]) for one in answer["breaks"]] == [
        ("output_schema", "/label")
    ]
    assert answer["workflows"] == ["sort_notes"]


def test_people_see_it_neutralised(world, machine, wider, typed):
    """A prompt may hold what moves a terminal's cursor."""
    shown = typed("tasks", "diff", "sort", "live", wider[:10]).stdout

    assert "+Sort the note \\x1b[2J well" in shown
    assert "can break: output_schema/label enum" in shown
    assert "used by: sort_notes" in shown


def test_the_same_version_does_not_differ(world, typed):
    """And nothing more is said."""
    assert "are the same" in typed("tasks", "diff", "sort", "live", "live").stdout


def test_the_files_are_compared_as_a_deployment_would_publish_them(
    world, told, typed, tmp_path, monkeypatch
):
    """A task that nobody edited is the version that its files were published as."""
    folder = copied(tmp_path, monkeypatch)
    from interlock.places import find

    task = find().load().ai_tasks["draft_reply"].model_dump(mode="json")
    world.services.catalog.publish("ai_task", "draft_reply", task, by="deployment")
    assert "are the same" in typed("tasks", "diff", "draft_reply").stdout
    system = folder / "catalog" / "ai_tasks" / "draft_reply" / "system.md"
    system.write_text(system.read_text() + "Be brief.\n")

    answer = told("tasks", "diff", "draft_reply")

    assert answer["to"]["called"] == "files"
    assert "+Be brief." in answer["diff"]
    assert answer["breaks"] == []


@pytest.mark.parametrize("words", [["sort", "live", "canary"], ["sort", "live", "files"]])
def test_what_is_not_there_is_not_found(world, typed, words):
    """A label that names nothing, a task that has no files."""
    assert typed("tasks", "diff", *words).exit_code == 3
