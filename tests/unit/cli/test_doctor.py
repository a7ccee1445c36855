"""`interlock doctor` before a deployment; after it, see tests/flows/test_cli_operating.py."""

import boto3
import pytest

from interlock.cli import doctor_before
from interlock.cli.doctor_findings import Finding, done
from interlock.cli.exits import Refused
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
