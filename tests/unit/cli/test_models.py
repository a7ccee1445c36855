"""`interlock models`: what targets there are, who may serve what, and one prompt on all of them."""

import json

import pytest
from click.testing import CliRunner

from functions.core.domain.health import Health, health_ref
from interlock.cli.root import root
from tests.clouds import model_goes_wrong, model_provider
from tests.unit.cli.projects import copied

TARGET = """
[targets.{name}]
dialect = "openai_chat"
base_url = "{url}"
model = "{name}-1"
secret = "house"
capabilities = ["json_schema"]
max_data_class = "{data}"
residency = "eu-central-1"
retention = "30 days"
end_of_life = {ends}

[targets.{name}.limits]
context_tokens = 65536
output_tokens = 4096
requests_per_minute = 60

[targets.{name}.prices]
input_usd_per_million = "1.00"
output_usd_per_million = "2.00"
as_of = 2026-11-01
source = "made up"
"""
ROUTES = """
[routes.default]
targets = ["embedded_lexical_1", "house", {{ target = "open", max_usd_per_call = "0.5" }}]
require = {{ capability = "json_schema" }}
fallback_on = ["throttled", "unavailable"]
wait_seconds = 600
"""


@pytest.fixture(scope="module")
def provider():
    with model_provider() as url:
        yield url


@pytest.fixture
def project(tmp_path, monkeypatch, provider):
    """Return a project with a route over three targets; one may have internal data only."""
    for name in ("MODEL_URL", "MODEL", "OPENAI_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOUSE_API_KEY", "planted-" + "0" * 8)
    root = copied(tmp_path, monkeypatch)
    models = root / "catalog" / "models.toml"
    before, _, _ = models.read_text(encoding="utf-8").partition("[routes]")
    house = TARGET.format(name="house", url=provider, data="personal", ends="2020-01-31")
    open_ = TARGET.format(name="open", url=provider, data="internal", ends="2999-01-31")
    models.write_text(before + house + open_ + ROUTES.format(), encoding="utf-8")
    return root


def type_(*words, code=0):
    result = CliRunner().invoke(root, ["models", *words])
    assert result.exit_code == code, result.output
    return result.stdout


def told(*words, code=0):
    return json.loads(type_(*words, "--json", code=code))


def test_targets_are_listed_with_what_they_may_be_given_and_where_they_end(project) -> None:
    """One whose vendor does not serve it any more is said below."""
    listed = {one["target"]: one for one in told("list")["targets"]}

    assert listed["house"]["routes"] == ["default"]
    assert (listed["house"]["residency"], listed["house"]["retention"]) == (
        "eu-central-1", "30 days",
    )  # fmt: skip
    assert listed["house"]["days_left"] < 0 < listed["open"]["days_left"]
    assert listed["bedrock_nova_lite"]["routes"] == []
    assert "'house' is not served any more since 2020-01-31" in type_("list")


def test_a_route_is_shown_with_who_may_serve_what_and_why_not(project) -> None:
    """Each condition that is not met is named."""
    shown = told("show", "default")

    [classify] = [one for one in shown["tasks"] if one["task"] == "classify_ticket"]
    assert classify["serves"] == ["embedded_lexical_1", "house"]
    assert classify["refused"] == [
        {
            "target": "open",
            "condition": "max_data_class",
            "why": "may be given internal data, this is personal",
        }
    ]
    assert shown["targets"][2]["conditions"] == {"max_usd_per_call": "0.5"}
    text = type_("show", "default")
    assert "falls to the next on: throttled, unavailable" in text
    assert "each: capability json_schema" in text
    assert "waits for its turn: up to 10 min 00 s a step" in text


def test_a_target_is_shown_with_its_facts(project) -> None:
    """Prices with their source, limits a minute, where it keeps data and for how long."""
    text = type_("show", "house")

    assert "a minute: requests 60" in text
    assert "retention: 30 days" in text
    assert "$1.00 in, $2.00 out a million tokens, as of 2026-11-01: made up" in text


def test_what_there_is_not_is_named_with_what_there_is(project) -> None:
    """With exit code 3."""
    result = CliRunner().invoke(root, ["models", "show", "nothing"])

    assert result.exit_code == 3
    assert "house" in result.stderr


def test_a_prompt_is_tried_on_all_targets_of_a_route_side_by_side(project) -> None:
    """Each by itself, with its tokens, dollars and verdict; a forbidden one is told, not asked."""
    tried = told("try", "default", "--task", "classify_ticket")

    rows = {row["target"]: row for row in tried["targets"]}
    assert (tried["data_class"], tried["variables_from"]) == ("personal", "golden.jsonl, line 1")
    assert [rows[name]["outcome"] for name in rows] == [
        "SUCCEEDED", "SUCCEEDED", "BLOCKED_BY_POLICY",
    ]  # fmt: skip
    assert rows["house"]["model"] == "house-1"
    assert float(rows["house"]["usd"]) > 0
    assert rows["embedded_lexical_1"]["usd"] == "0"
    assert "max_data_class" in rows["open"]["reason"]
    assert not rows["open"]["valid"]


def test_an_answer_that_misses_the_schema_is_no_valid_one(project, provider) -> None:
    """The target that gave it is told, beside those that did well."""
    model_goes_wrong(provider, *[{"text": "Billing!"}] * 2)

    rows = told("try", "default", "--task", "classify_ticket")["targets"]

    assert [(row["valid"], row["attempts"]) for row in rows[:2]] == [(True, 1), (False, 2)]
    assert rows[1]["reason"].startswith("NO_JSON")


def test_a_free_prompt_needs_no_task(project) -> None:
    """Whoever types it chooses the target; its data is internal."""
    tried = told("try", "open", "--prompt", "Say hello.")

    assert (tried["task"], tried["data_class"]) == (None, "internal")
    assert set(tried["targets"][0]["answer"]) == {"answer"}


def test_a_key_that_is_not_there_is_told_beside_the_others(project, monkeypatch) -> None:
    """The other targets are tried."""
    monkeypatch.delenv("HOUSE_API_KEY")

    rows = told("try", "default", "--task", "classify_ticket")["targets"]

    assert [row["outcome"] for row in rows[:2]] == ["SUCCEEDED", "NOT_TRIED"]
    assert "HOUSE_API_KEY" in rows[1]["reason"]


@pytest.mark.parametrize(
    "words",
    [(), ("--task", "classify_ticket", "--prompt", "a"), ("--prompt", "a", "--input", "x=1")],
)
def test_one_of_task_and_prompt_is_said(project, words) -> None:
    """With exit code 2."""
    type_("try", "default", *words, code=2)


def test_the_linter_warns_of_a_routed_target_that_is_over(project) -> None:
    """A warning is no error: what is deployed goes on."""
    result = CliRunner().invoke(root, ["workflows", "validate", "--json"])

    findings = [one for one in json.loads(result.stdout)["findings"] if one["rule"] == "IL007"]
    assert result.exit_code == 0
    assert [one["place"] for one in findings] == ["targets.house.end_of_life"]
    assert "not served any more" in findings[0]["what"]


def test_a_stage_says_how_its_targets_are(world, typed) -> None:
    """A throttle is everybody's, and so is the news of it."""

    def healths() -> dict[str, str]:
        listed = json.loads(typed("models", "list", "--deployed", "--json").stdout)["targets"]
        return {one["target"]: one["health"] for one in listed}

    well = healths()
    until = "2999-01-01T00:00:00.000Z"
    throttled = Health(revision=1, throttles=1, throttled_until=until)
    world.services.store.put(health_ref("paid"), throttled.told())
    now = healths()
    world.services.store.put(health_ref("paid"), Health(revision=2).told())

    assert well == {"paid": "ok", "free": "ok"}
    assert now["paid"].startswith("TARGET_THROTTLED ")
    assert now["free"] == "ok"
