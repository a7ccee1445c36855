"""`interlock init`, as far as it needs no installed release; see tests/flows/test_wheel.py."""

import pytest
from click.testing import CliRunner

from infra.settings import SettingsMismatch, load_settings
from interlock import places
from interlock.cli.root import root


def type_(*words):
    return CliRunner().invoke(root, ["init", *words])


def test_what_it_makes_holds_at_once(tmp_path, monkeypatch):
    """The project is found from within, with its own folders; owner and team are taken over."""
    monkeypatch.chdir(tmp_path)

    made = type_("acme", "--owner", "ops@example.com", "--team", "acme", "--json")

    assert made.exit_code == 0, made.output
    place = places.find(tmp_path / "acme" / "workflows")
    assert place.root == tmp_path / "acme"
    project = place.load()
    [workflow] = project.workflows
    assert (workflow.definition.owner, workflow.definition.team) == ("ops@example.com", "acme")
    assert list(project.ai_tasks) == ["rate_text"]
    assert (tmp_path / "acme" / "requirements.txt").read_text().startswith("interlock==")


@pytest.mark.parametrize(
    ("words", "said"),
    [(["full"], "is not empty"), (["-acme"], "No such option"), (["x", "--team", "A b"], "--team")],
)
def test_what_it_can_t_do_is_said_and_nothing_is_written(tmp_path, monkeypatch, words, said):
    """A folder with something in it is left alone."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine").touch()
    before = sorted(tmp_path.rglob("*"))

    result = type_(*words)

    assert (result.exit_code, said in result.stderr) == (2, True), result.output
    assert sorted(tmp_path.rglob("*")) == before


def test_what_differs_between_stages_stands_in_cdk_json():
    """A stage's own value wins over the one beside it; a misspelled one is named."""
    context = {
        "stage": "prod",
        "alarm_address": "all@example.com",
        "stages": {"prod": {"alarm_address": "prod@example.com"}, "dev": {}},
    }

    assert load_settings(context.get).alarm_address == "prod@example.com"
    assert load_settings({**context, "stage": "dev"}.get).alarm_address == "all@example.com"
    wrong = {**context, "stages": {"prod": {"alarm_adress": "x"}}}
    with pytest.raises(SettingsMismatch, match=r"stages\.prod: no setting 'alarm_adress'"):
        load_settings(wrong.get)
