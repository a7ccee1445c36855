"""Synthesis asks the linter first."""

import shutil
from pathlib import Path

import pytest

from infra.app import build, make_app
from interlock.lint.project import MachinesRefused
from tests.infra.conftest import ROOT, UNBUNDLED

ASL = "statemachines/workflows/triage_ticket/triage_ticket.asl.json"


def test_a_machine_that_breaks_a_house_rule_stops_synthesis(tmp_path: Path) -> None:
    """With file, line, place, rule and what to do; no stack is made."""
    for folder in ("statemachines", "catalog"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    shutil.copyfile(ROOT / "cdk.json", tmp_path / "cdk.json")
    text = (tmp_path / ASL).read_text()
    (tmp_path / ASL).write_text(text.replace("{% $ticket %}", "{% $text %}", 1))
    app = make_app(tmp_path, tmp_path / "out", UNBUNDLED)

    with pytest.raises(MachinesRefused) as refused:
        build(app, tmp_path)

    assert f"{ASL}:" in str(refused.value)
    assert "/Arguments/Input/ticket: IL301" in str(refused.value)
    assert "Pass $states.input.run and $states.input.ticket" in str(refused.value)
    assert app.node.children == []
