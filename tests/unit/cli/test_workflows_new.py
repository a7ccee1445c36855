"""`interlock workflows new` and `list`: what is written loads beside everything else."""

import json
import shutil

import pytest
from click.testing import CliRunner

from interlock import places
from interlock.cli.root import root
from tests.unit.cli.projects import ROOT, copied


@pytest.fixture
def project(tmp_path, monkeypatch):
    return copied(tmp_path, monkeypatch)


def type_(*words):
    return CliRunner().invoke(root, list(words))


def test_what_it_makes_loads_with_its_sample_event(project):
    """Nothing has to be edited first; personal variables are personal in the event, too."""
    words = ("--task", "classify_ticket", "--owner", "web@example.com")
    made = type_("workflows", "new", "sort_messages", *words)

    assert made.exit_code == 0, made.output
    workflow = places.find().load().workflow("sort_messages")
    assert (workflow.definition.owner, workflow.definition.team) == ("web@example.com", "support")
    assert workflow.definition.uses.ai_tasks == ("classify_ticket",)
    text = workflow.definition.input_schema["properties"]["text"]
    assert text["x-data-class"] == "personal"
    event = json.loads(workflow.events[0].read_text())
    assert event["detail-type"] == "Sort Messages Requested"


def test_every_task_of_ours_can_be_the_one(project):
    """Whatever a task requires, the workflow brings."""
    for task in places.find().load().ai_tasks:
        made = type_("workflows", "new", f"do_{task}", "--task", task)
        assert made.exit_code == 0, made.output

    assert len(places.find().load().workflows) >= 3


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["Bad"], 2, "lower-case letters"),
        (["triage_ticket", "--task", "draft_reply"], 2, "is there already"),
        (["sort_messages"], 2, "say which --task"),
        (["sort_messages", "--task", "nothing"], 3, "there is no AI task nothing"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_what_it_can_t_do_is_said_and_nothing_is_left(project, words, code, said):
    """One sentence, and no folder."""
    before = sorted(project.rglob("*"))

    result = type_("workflows", "new", *words)

    assert (result.exit_code, said in result.stderr) == (code, True), result.output
    assert sorted(project.rglob("*")) == before


def test_the_list_says_whose_they_are_and_what_starts_them(project):
    """As declared; a team's business names stay whole where the page is wide."""
    listed = json.loads(type_("workflows", "list", "--json").stdout)["workflows"]
    triage = next(one for one in listed if one["name"] == "triage_ticket")

    assert triage["starts"] == ["helpdesk: Ticket Opened"]
    assert "crm.update_ticket" in triage["operations"]
    assert "triage_ticket" in type_("workflows", "list").stdout


def test_one_step_of_other_machines_is_listed_and_takes_no_events(project):
    """An external workflow says so in place of a trigger."""
    for name in ("catalog/ai_tasks/sort_product", "workflows/sort_product"):
        target = project / ("statemachines" if name.startswith("workflows") else "") / name
        shutil.copytree(ROOT / "examples" / name, target)

    listed = json.loads(type_("workflows", "list", "--json").stdout)["workflows"]
    run = type_("workflows", "run", "sort_product")

    product = next(one for one in listed if one["name"] == "sort_product")
    assert product["starts"] == ["another state machine"]
    assert (run.exit_code, "takes no events" in run.stderr) == (2, True), run.output
