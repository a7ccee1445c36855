"""`interlock tasks try`: the same core in one process, against the embedded model and HTTP."""

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from interlock.cli.root import root
from tests.clouds import model_goes_wrong, model_provider
from tests.unit.cli.projects import copied

KEY = "not-a-key-0123456789"
TARGET = """
[targets.house_model]
dialect = "openai_chat"
base_url = "{url}"
model = "house-1"
secret = "house"
capabilities = ["json_schema"]
max_data_class = "personal"

[targets.house_model.limits]
context_tokens = 65536
output_tokens = 4096

[targets.house_model.prices]
input_usd_per_million = "1.00"
output_usd_per_million = "2.00"
as_of = 2026-11-01
source = "made up"

[routes]
default = ["embedded_lexical_1"]
"""
VARIABLES = {"subject": "Wrong bill", "text": "I was charged twice, please refund it."}


@pytest.fixture
def project(tmp_path, monkeypatch):
    for name in ("MODEL_URL", "MODEL", "OPENAI_API_KEY", "HOUSE_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    return copied(tmp_path, monkeypatch)


@pytest.fixture(scope="module")
def provider():
    with model_provider() as url:
        yield url


def type_(*words, code=0, stdin=None):
    result = CliRunner().invoke(root, ["tasks", "try", *words], input=stdin)
    assert result.exit_code == code, result.output
    return result


def told(*words, code=0, stdin=None):
    return json.loads(type_(*words, "--json", code=code, stdin=stdin).stdout)


def priced(project: Path, url: str) -> None:
    file = project / "catalog" / "models.toml"
    text = file.read_text()
    head = text[: text.index("[routes]")]
    file.write_text(head + TARGET.format(url=url))


def test_the_first_golden_case_is_tried_and_compared(project):
    """Answer, verdict, tokens, cost and what was expected."""
    found = told("classify_ticket")

    assert found["outcome"] == "SUCCEEDED"
    assert found["answer"]["category"] == found["expected"]["category"] == "billing"
    [attempt] = found["attempts"]
    assert (attempt["verdict"], attempt["usd"]) == ("accepted", "0")
    assert found["totals"]["input_tokens"] > 100
    shown = type_("classify_ticket").stdout
    assert "accepted" in shown
    assert "nothing was recorded" in shown


def test_variables_come_from_words_files_and_standard_input(project):
    """KEY=VALUE, KEY=@FILE, --input FILE and -; later ones win."""
    (project / "text.txt").write_text(VARIABLES["text"])
    (project / "all.json").write_text(json.dumps(VARIABLES))
    ways = [
        ("subject=Wrong bill", "text=@text.txt"),
        ("--input", "all.json"),
        ("--input", "subject=Wrong bill", "--input", f"text={VARIABLES['text']}"),
        ("--input", "-"),
    ]

    stdin = json.dumps(VARIABLES)
    answers = [told("classify_ticket", *way, stdin=stdin)["answer"] for way in ways]

    assert len({json.dumps(answer, sort_keys=True) for answer in answers}) == 1


def test_variables_that_do_not_fit_are_refused_before_anything_is_sent(project):
    """The outcome of a run, with the pointer and the keyword; exit code 1."""
    found = told("classify_ticket", "subject=only this", code=1)

    assert (found["outcome"], found["attempts"]) == ("FAILED", [])
    assert found["reason"] == "VariablesRejected: (root): required text"


def test_a_declared_file_goes_as_it_lies(project):
    """KEY=@FILE brings its bytes; how it was read is said, and what is none is refused by name."""
    task = project / "catalog" / "ai_tasks" / "classify_ticket"
    schema = json.loads((task / "variables.schema.json").read_text())
    schema["properties"]["text"] = {"type": ["string", "object"], "x-data-class": "personal"}
    (task / "variables.schema.json").write_text(json.dumps(schema))
    with (task / "task.toml").open("a") as toml:
        toml.write('\n[inputs.text]\nkind = "text"\nmax_characters = 2000\n')
    (project / "letter.txt").write_bytes("Wrong bill. Schöne Grüße".encode("cp1252"))
    (project / "page.pdf").write_bytes(b"%PDF-1.7")

    found = told("classify_ticket", "subject=Bill", "text=@letter.txt")
    refused = told("classify_ticket", "subject=Bill", "text=@page.pdf", code=1)
    missing = type_("classify_ticket", "subject=Bill", "text=@none.txt", code=2)

    [read] = found["attempts"][0]["inputs"]
    assert (read["at"], read["encoding"], read["characters"]) == ("/text", "cp1252", 24)
    assert (
        "read text: kind text" in type_("classify_ticket", "text=@letter.txt", "subject=-").stdout
    )
    assert refused["reason"] == "FileRefused: /text NOT_TEXT"
    assert "none.txt can't be read" in missing.stderr


def test_a_target_is_called_with_its_own_key_and_priced(project, provider, monkeypatch):
    """The target's secret names the variable with its key; the cost is what was counted."""
    priced(project, provider)
    missing = type_("classify_ticket", "--target", "house_model", code=2)
    monkeypatch.setenv("HOUSE_API_KEY", KEY)

    found = told("classify_ticket", "--target", "house_model")

    assert "set HOUSE_API_KEY" in missing.stderr
    assert found["route"] == ["house_model"]
    totals = found["totals"]
    usd = (totals["input_tokens"] + 2 * totals["output_tokens"]) / 1_000_000
    assert float(totals["usd"]) == pytest.approx(usd, abs=2e-6)
    assert float(found["attempts"][0]["worst_usd"]) > usd


def test_an_endpoint_of_the_environment_answers_and_its_price_is_not_known(
    project, provider, monkeypatch
):
    """MODEL_URL and MODEL are enough; a cost that nobody knows is not shown as none."""
    monkeypatch.setenv("MODEL_URL", provider)
    no_model = type_("classify_ticket", code=2)
    monkeypatch.setenv("MODEL", "llama-like-1")

    found = told("classify_ticket")

    assert "say MODEL, too" in no_model.stderr
    assert found["attempts"][0]["model"] == "llama-like-1"
    assert found["totals"]["usd"] is None
    assert "cost not known" in type_("classify_ticket").stdout


def test_a_key_is_never_written(project, provider, monkeypatch):
    """Neither on the screen nor in any file, --prompt and --debug included."""
    monkeypatch.setenv("MODEL_URL", provider)
    monkeypatch.setenv("MODEL", "llama-like-1")
    monkeypatch.setenv("OPENAI_API_KEY", KEY)

    shown = type_("classify_ticket", "--prompt", "--json").output + type_("classify_ticket").output

    assert KEY not in shown
    files = [path for path in project.rglob("*") if path.is_file()]
    assert [path for path in files if KEY.encode() in path.read_bytes()] == []


def test_a_wrong_answer_is_repaired_once_as_in_a_run(project, provider, monkeypatch):
    """The second attempt is shown the error of the first; the outcome says so."""
    monkeypatch.setenv("MODEL_URL", provider)
    monkeypatch.setenv("MODEL", "llama-like-1")
    model_goes_wrong(provider, {"text": '{"category": "none"}'})

    found = told("classify_ticket", "--prompt")

    first, second = found["attempts"]
    assert found["outcome"] == "REPAIRED"
    assert "/category: enum" in first["verdict"]
    assert (second["repairing"], second["verdict"]) == (True, "accepted")
    assert "/category" in second["messages"][-1]["content"]


def test_an_answer_that_stays_wrong_is_rejected_output(project, provider, monkeypatch):
    """Exit code 1; what the model said is shown only where --prompt asks, neutralised."""
    monkeypatch.setenv("MODEL_URL", provider)
    monkeypatch.setenv("MODEL", "llama-like-1")
    evil = {"text": '{"category": "\x1b]0;owned\x07\u202e"}'}
    model_goes_wrong(provider, evil, evil)
    found = told("classify_ticket", code=1)
    model_goes_wrong(provider, evil, evil)

    shown = type_("classify_ticket", "--prompt", code=1).output

    assert found["outcome"] == "REJECTED_OUTPUT"
    assert "text" not in found["attempts"][0]
    assert r"\x1b]0;owned\x07\u{202e}" in shown
    assert re.search("[\x00-\x08\x1b\u202e]", shown) is None


def test_a_throttle_is_told_and_not_waited_for(project, provider, monkeypatch):
    """The wait that a provider asks for is said; exit code 1."""
    monkeypatch.setenv("MODEL_URL", provider)
    monkeypatch.setenv("MODEL", "llama-like-1")
    model_goes_wrong(provider, {"status": 429, "retry_after": "30"})

    found = told("classify_ticket", code=1)

    assert (found["outcome"], found["wait_seconds"]) == ("FAILED", 30)


def test_a_mistake_in_the_task_is_told_with_file_and_place(project):
    """And one in another task does not matter here."""
    tasks = project / "catalog" / "ai_tasks"
    (tasks / "draft_reply" / "user.md").write_text("{{ nobody_declared_this }}")

    wrong = type_("draft_reply", code=1)
    right = type_("classify_ticket")

    assert "catalog/ai_tasks/draft_reply/user.md" in wrong.stderr
    assert "nobody_declared_this" in wrong.stderr
    assert right.exit_code == 0


def test_an_unknown_task_or_target_is_said(project):
    """Exit code 3, with what there is."""
    assert "classify_ticket" in type_("clasify", code=3).stderr
    assert "embedded_lexical_1" in type_("classify_ticket", "--target", "gpt", code=3).stderr
