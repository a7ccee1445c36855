"""`interlock tasks new`."""

import json

import pytest
from click.testing import CliRunner

from interlock import places
from interlock.cli.root import root
from interlock.scaffold.ai_task import MADE_UP
from tests.unit.cli.projects import copied

MODELS = '''
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Literal, Self

from pydantic import AnyUrl, BaseModel, ConfigDict, Field


class Mood(StrEnum):
    GOOD = "good"
    BAD = "bad"


class Line(BaseModel):
    item: str = Field(max_length=80)
    amount: Decimal


class Invoice(BaseModel):
    """Read an invoice and give
    its facts.

    More, for programmers.
    """

    mood: Mood = Field(description="How it sounds.")
    kind: Literal["invoice", "reminder"]
    due: date
    link: AnyUrl | None = None
    lines: list[Line] = Field(min_length=1, max_length=5)
    share: float = Field(gt=0, lt=1)


class Coded(BaseModel):
    model_config = ConfigDict(json_schema_extra={"examples": [{"code": "AB-12"}]})

    code: str = Field(pattern="^[A-Z]{2}-[0-9]{2}$")


class Uncoded(BaseModel):
    code: str = Field(pattern="^[A-Z]{2}-[0-9]{2}$")


class Tree(BaseModel):
    name: str
    parts: list["Tree"] = []


class Parcel(BaseModel):
    days_late: int = Field(ge=0, le=365)
    damaged: bool
    lines: list[Line] = Field(min_length=1)
    since: date
    due: float
    note: str | None


class Note(BaseModel):
    mood: Mood
    words: str = Field(max_length=40)
    due: date | None = None


class Odd(BaseModel):
    call: type
'''


@pytest.fixture
def project(tmp_path, monkeypatch):
    folder = copied(tmp_path, monkeypatch)
    (folder / "shop_models.py").write_text(MODELS)
    return folder


def type_(*words):
    return CliRunner().invoke(root, ["tasks", *words])


def test_what_it_makes_is_loaded_and_answers(project):
    """No file has to be edited first."""
    made = type_("new", "rate_review", "--owner", "shop@example.com", "--team", "shop")

    assert made.exit_code == 0, made.output
    task = places.find().load().ai_tasks["rate_review"]
    assert (task.owner, task.team, task.route, task.policy) == (
        "shop@example.com",
        "shop",
        "default",
        "default",
    )
    tried = type_("try", "rate_review", "--json")
    assert json.loads(tried.stdout)["answer"]["label"] == "good"


def test_a_class_becomes_the_schema_and_a_first_prompt(project):
    """Descriptions and words go into the prompt; objects are closed; unknown formats go."""
    made = type_("new", "read_invoice", "--from-model", "shop_models:Invoice", "--json")

    assert made.exit_code == 0, made.output
    task = places.find().load().ai_tasks["read_invoice"]
    schema = task.output_schema
    assert task.purpose == "Read an invoice and give its facts."
    assert "- `mood`: How it sounds. One of good, bad." in task.system
    assert "- `kind`: One of invoice, reminder." in task.system
    assert "- `link`: Leave it out where the text does not say it." in task.system
    assert schema["additionalProperties"] is False
    assert schema["$defs"]["Line"]["additionalProperties"] is False
    assert "uri" not in json.dumps(schema)
    assert schema["properties"]["due"] == {"format": "date", "type": "string"}
    assert places.find().load().golden["read_invoice"][0]["output"]["share"] == 0.5


def test_an_example_of_the_class_is_taken(project):
    """Where no value can be made up, the class gives one; else it is told how."""
    given = type_("new", "coded", "--from-model", "shop_models:Coded")
    missing = type_("new", "uncoded", "--from-model", "shop_models:Uncoded")

    assert given.exit_code == 0, given.output
    assert places.find().load().golden["coded"][0]["output"] == {"code": "AB-12"}
    assert missing.exit_code == 2
    assert "no example of Uncoded could be made up" in missing.stderr
    assert not (project / "catalog" / "ai_tasks" / "uncoded").exists()


def test_a_class_that_holds_itself_is_taken(project):
    """Its schema begins with an object, as one of an AI task must."""
    made = type_("new", "grow_tree", "--from-model", "shop_models:Tree")

    assert made.exit_code == 0, made.output
    assert places.find().load().ai_tasks["grow_tree"].output_schema["type"] == "object"
    assert type_("try", "grow_tree").exit_code == 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["Bad-Name"], "lower-case letters"),
        (["classify_ticket"], "is there already"),
        (["t", "--from-model", "shop_models"], "is not module:Class"),
        (["t", "--from-model", "no_such_module:X"], "can't be imported"),
        (["t", "--from-model", "shop_models:Mood"], "no pydantic model called Mood"),
        (["t", "--from-model", "shop_models:Odd"], "has no JSON Schema"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_what_it_can_t_do_is_said_and_nothing_is_left(project, words, said):
    """Exit code 2, one sentence, no folder."""
    before = sorted(project.rglob("*"))

    result = type_("new", *words)

    assert (result.exit_code, said in result.stderr) == (2, True), result.output
    assert [path for path in sorted(project.rglob("*")) if "__pycache__" not in str(path)] == before


def test_outside_any_project_the_checkout_is_meant_or_it_is_said(tmp_path, monkeypatch):
    """Without a checkout, a folder without cdk.json and catalog is no project."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(places, "PLATFORM", tmp_path)

    result = type_("new", "rate_review")

    assert (result.exit_code, "lies in no project" in result.stderr) == (1, True)
    assert "interlock init DIR" in result.stderr


def test_numbers_and_flags_that_are_required_answer_at_once(project):
    """By a made-up example in the prompt, which is said; what the text says comes first."""
    made = type_("new", "parcel", "--from-model", "shop_models:Parcel", "--json")

    assert made.exit_code == 0, made.output
    assert json.loads(made.stdout)["made_up_example"]
    assert MADE_UP in (project / "catalog/ai_tasks/parcel/task.toml").read_text()
    first = json.loads(type_("try", "parcel", "--json").stdout)
    assert (first["outcome"], first["as_expected"]) == ("SUCCEEDED", True)
    own = json.loads(type_("try", "parcel", "text=It came 12 days late.", "--json").stdout)
    assert (own["outcome"], own["answer"]["days_late"]) == ("SUCCEEDED", 12)


def test_a_class_that_the_embedded_model_can_fill_gets_no_made_up_example(project):
    """It would mislead a real model."""
    made = type_("new", "note", "--from-model", "shop_models:Note", "--json")

    assert not json.loads(made.stdout)["made_up_example"]
    assert json.loads(type_("try", "note", "--json").stdout)["outcome"] == "SUCCEEDED"
