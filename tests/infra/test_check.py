"""`python -m infra.check`: what is found is mended or accepted, and what is accepted is found."""

import json
from pathlib import Path

import pytest

from infra import check
from infra.check import Accepted, Finding
from tests.infra.assembly import Assembly


def test_a_finding_that_is_not_accepted_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rule and place have to fit, both whole."""
    accepted = Accepted("AwsSolutions-S1", r".*/Artifacts/Resource", "a reason")
    monkeypatch.setattr(check, "ACCEPTED", (accepted,))
    fits = Finding("AwsSolutions-S1", "interlock-dev-data/Artifacts/Resource")

    found = check.judge([fits, Finding("AwsSolutions-S10", fits.where), Finding(fits.rule, "x")])

    assert found == [
        "interlock-dev-data/Artifacts/Resource: AwsSolutions-S10 (cdk-nag)",
        "x: AwsSolutions-S1 (cdk-nag)",
    ]


def test_an_acceptance_that_covers_nothing_is_said() -> None:
    """So that the list doesn't outlive what it excuses."""
    found = check.judge([])

    assert len(found) == len(check.ACCEPTED)
    assert all("not found" in sentence for sentence in found)


def test_every_acceptance_says_why() -> None:
    """In a sentence."""
    assert all(each.reason.endswith(".") and " " in each.reason for each in check.ACCEPTED)


def test_cfn_lint_finds_what_is_wrong_and_nothing_else(dev: Assembly, tmp_path: Path) -> None:
    """The template with every kind of trigger is clean, and the check is not blind."""
    broken = tmp_path / "broken.template.json"
    queue = {"Type": "AWS::SQS::Queue", "Properties": {"Colour": "red"}}
    broken.write_text(json.dumps({"Resources": {"Queue": queue}}))

    found = check.lint([*dev.folder.glob("*-wf-nightly.template.json"), broken])

    assert "E3002" in found
    assert "nightly" not in found
