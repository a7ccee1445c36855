"""`interlock doctor` before a deployment; after it, see tests/flows/test_cli_operating.py."""

import json
import os

import boto3
import pytest
from click.testing import CliRunner

from interlock.cli import doctor_before
from interlock.cli.doctor_findings import Finding, done
from interlock.cli.exits import Refused
from interlock.cli.root import root
from interlock.cli.stage import Stage
from interlock.idle_cost import EmptySweep, by_month
from interlock.prices import list_prices

QUOTA = doctor_before.QUOTAS[0]
LISTED = [
    {"QuotaName": "StartExecution throttle token refill rate per second", "Value": 300.0},
    {"QuotaName": "StartExecution throttle token bucket size", "Value": 1300.0},
    {"QuotaName": "Something else", "Value": 1.0},
]


def of(found, what):
    return [one for one in found["findings"] if one["what"] == what]


def test_an_account_that_is_not_bootstrapped_fails(told):
    """With the command that mends it; the exit code is 1."""
    found = told("doctor", code=1)

    [bootstrap] = of(found, "bootstrap")
    assert (bootstrap["status"], bootstrap["then"]) == ("fail", "npx cdk bootstrap")
    [account] = of(found, "account")
    assert "123456789012 in us-east-1" in account["said"]
    assert of(found, "project")[0]["status"] == "ok"


@pytest.mark.parametrize(("version", "status"), [("6", "fail"), ("28", "ok")])
def test_the_bootstrap_has_to_be_new_enough(told, version, status):
    """An old one can't publish the assets."""
    client = boto3.client("ssm")
    client.put_parameter(Name=doctor_before.BOOTSTRAP, Value=version, Type="String", Overwrite=True)

    found = told("doctor", code=1)

    assert of(found, "bootstrap")[0]["status"] == status


@pytest.mark.parametrize(("wanted", "status"), [(59.0, "ok"), (61.0, "fail")])
def test_quotas_are_held_against_the_runs_a_second_that_are_wanted(wanted, status):
    """300 starts a second are 60 runs; the bucket's size is another quota."""
    found = doctor_before._quota(QUOTA, LISTED, wanted)

    assert (found.status, "60 runs a second" in found.said) == (status, True)


def test_a_quota_that_is_not_listed_is_a_warning():
    """Service Quotas knows none of that name: nobody is told that all is well."""
    assert doctor_before._quota(QUOTA, [], 1).status == "warn"


class Bedrock:
    """Says what it was made with."""

    def __init__(self, **said: str) -> None:
        self.said = {
            "agreementAvailability": {"status": said.get("agreement", "AVAILABLE")},
            "entitlementAvailability": "AVAILABLE",
            "authorizationStatus": said.get("authorised", "AUTHORIZED"),
            "regionAvailability": "AVAILABLE",
        }
        self.asked = ""
        self.meta = type("Meta", (), {"region_name": "us-east-1"})

    def get_foundation_model_availability(self, modelId: str) -> dict:  # noqa: N803  (boto3's)
        self.asked = modelId
        return self.said


@pytest.mark.parametrize(
    ("said", "status"),
    [({}, "ok"), ({"agreement": "NOT_AVAILABLE"}, "fail"), ({"authorised": "NOT"}, "fail")],
)
def test_a_model_without_access_fails_with_what_is_missing(said, status):
    """An inference profile is asked for by its model."""
    bedrock = Bedrock(**said)
    stage = type("Stage", (), {"client": lambda self, name: bedrock})()

    found = doctor_before._on_bedrock("model m", "us.amazon.nova-lite-v1:0", None, stage)

    assert (found.status, bedrock.asked) == (status, "amazon.nova-lite-v1:0")


def test_a_check_that_can_t_be_done_is_told_and_the_others_are_done():
    """What IAM refuses is a warning; the rest goes on."""

    def refused():
        raise Refused("IAM does not allow you this")

    one = Finding("ok", "two", "yes")

    found = list(done({"one": refused, "two": lambda: [one]}))

    assert [finding.status for finding in found] == ["warn", "ok"]


def test_the_idle_cost_is_read_from_templates_of_the_stage_alone(tmp_path):
    """Secrets and alarms by the month; another stage's are not counted."""
    for stage, count in (("dev", 2), ("prod", 9)):
        alarms = ", ".join(f'"A{n}": {{"Type": "AWS::CloudWatch::Alarm"}}' for n in range(count))
        file = tmp_path / f"interlock-{stage}-platform.template.json"
        file.write_text(f'{{"Resources": {{{alarms}}}}}')
    prices = list_prices()

    parts = by_month(tmp_path, prices, EmptySweep(), stage="dev")

    assert parts["alarm"] == 2 * prices.per_month["alarm"]
    assert parts["sweep"] > 0


@pytest.fixture
def nobody(monkeypatch, tmp_path):
    """Take away region and credentials, and every place where the SDK would look for them."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))


def test_one_thing_that_is_missing_is_one_failure(nobody):
    """Without credentials: the account fails; what needs it, and the stage, was not looked at."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_REGION", "eu-west-1")
        result = CliRunner().invoke(root, ["--aws", "doctor", "--json"])

    found = json.loads(result.stdout)
    failed = [one["what"] for one in found["findings"] if one["status"] == "fail"]
    assert (result.exit_code, failed, found["deployed"]) == (1, ["account"], None)
    for what in ("bootstrap", "quotas", "stage"):
        assert of(found, what)[0]["said"] == doctor_before.NO_ACCOUNT


def test_a_missing_region_is_told_beside_missing_credentials(nobody):
    """Both at once: nobody mends one to be told of the other."""
    result = CliRunner().invoke(root, ["--aws", "--stage", "prod", "doctor"])

    lines = [line for line in result.stdout.splitlines() if line.startswith("fail")]
    assert [line.split()[1] for line in lines] == ["region", "account"]
    assert "2 things have to be mended first" in result.stdout


def test_a_hint_names_the_stage_that_was_asked_about():
    """What is typed for prod would deploy dev without its name."""
    assert (Stage("dev").deploy, Stage("prod").deploy) == (
        "npx cdk deploy --all",
        "npx cdk deploy --all -c stage=prod",
    )
