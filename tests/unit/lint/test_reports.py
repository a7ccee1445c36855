"""What people, programs and editors are given."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from interlock.cli.exits import Exit
from interlock.cli.workflows_validate import validate
from interlock.lint.registry import RULES
from interlock.lint.sarif import sarif
from tests.unit.lint.machines import judged, one, task

ASL = "statemachines/workflows/triage_ticket/triage_ticket.asl.json"
SARIF_REQUIRES = {
    # SARIF 2.1.0, the properties that its schema lists as required, and the enumerations used
    "sarifLog": {"version", "runs"},
    "run": {"tool"},
    "tool": {"driver"},
    "toolComponent": {"name"},
    "reportingDescriptor": {"id"},
    "result": {"message"},
}
LEVELS = {"none", "note", "warning", "error"}


@pytest.fixture
def typed(project: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Return a function that types the command in a project of its own."""
    monkeypatch.chdir(project)

    def run(*arguments: str) -> Result:
        return CliRunner().invoke(validate, arguments)

    return run


def _break(project: Path) -> None:
    text = (project / ASL).read_text()
    text = text.replace("{% $ticket %}", "{% $text %}", 1)
    (project / ASL).write_text(text.replace('"JitterStrategy": "FULL"', '"Comment": "-"', 1))


def test_a_clean_project_ends_with_0(typed: Any) -> None:
    """And says that it is clean."""
    result = typed()

    assert (result.exit_code, result.output) == (Exit.OK, "0 errors, 0 warnings\n")


def test_what_is_wrong_is_grouped_by_file(typed: Any, project: Path) -> None:
    """The file once, then for each place: rule, line, pointer, what is wrong and what to do."""
    _break(project)

    result = typed("triage_ticket")

    lines = result.output.splitlines()
    assert result.exit_code == Exit.BAD
    assert lines[0] == ASL
    assert lines[-1] == "1 error, 1 warning"
    assert sum("error IL301" in line and f"{ASL}:" in line for line in lines) == 1
    assert any("Pass $states.input.run and $states.input.ticket" in line for line in lines)


def test_json_has_each_finding_with_all_its_parts(typed: Any, project: Path) -> None:
    """For programs."""
    _break(project)

    told = json.loads(typed("--json").output)

    by_rule = {finding["rule"]: finding for finding in told["findings"]}
    assert (told["errors"], told["warnings"]) == (1, 1)
    assert set(by_rule) == {"IL301", "IL306"}
    assert by_rule["IL301"]["severity"] == "error"
    assert by_rule["IL301"]["file"] == ASL
    assert by_rule["IL301"]["place"].endswith("/Arguments/Input/ticket")
    text = (project / ASL).read_text().splitlines()[by_rule["IL301"]["line"] - 1]
    assert text.strip() == '"ticket": "{% $text %}",'


def test_warnings_alone_end_with_0(typed: Any, project: Path) -> None:
    """They are said, and stop nothing."""
    text = (project / ASL).read_text()
    (project / ASL).write_text(text.replace('"JitterStrategy": "FULL"', '"Comment": "-"', 1))

    result = typed()

    assert result.exit_code == Exit.OK
    assert "0 errors, 1 warning" in result.output


def test_names_choose_workflows(typed: Any, project: Path) -> None:
    """Another workflow's findings and the catalog's stay out; an unknown name is said."""
    (project / "catalog/models.toml").write_text("x = ")

    assert "0 errors" in typed("triage_ticket").output
    assert typed().exit_code == Exit.BAD
    unknown = typed("triage")
    assert "there is no workflow triage" in str(unknown.exception)


def test_spec_judges_any_file_by_the_language_alone(typed: Any, tmp_path: Path) -> None:
    """No house rule, and no project is needed."""
    (tmp_path / "good.json").write_text(json.dumps(task()))
    (tmp_path / "bad.json").write_text(json.dumps(one("Pause")))

    good, bad = typed("--spec", "good.json"), typed("--spec", "bad.json", "--spec", "good.json")

    assert good.exit_code == Exit.OK
    assert bad.exit_code == Exit.BAD
    assert "ASL106" in bad.output
    assert "can't be read" in str(typed("--spec", "none.json").exception)
    assert "leave out one" in typed("--spec", "good.json", "triage_ticket").exception.then


def test_sarif_has_what_the_standard_requires(typed: Any, project: Path) -> None:
    """Version, driver, every rule once, and results that editors can place."""
    _break(project)
    typed("--sarif", "build/lint.sarif")

    log = json.loads((project / "build/lint.sarif").read_text())

    [run] = log["runs"]
    driver = run["tool"]["driver"]
    assert log["version"] == "2.1.0"
    assert log["$schema"].endswith("sarif-2.1.0.json")
    parts = {"sarifLog": [log], "run": [run], "tool": [run["tool"]], "toolComponent": [driver]}
    parts |= {"reportingDescriptor": driver["rules"], "result": run["results"]}
    for kind, required in SARIF_REQUIRES.items():
        assert all(required <= set(part) for part in parts[kind]), kind
    assert [rule["id"] for rule in driver["rules"]] == [rule.id for rule in RULES]
    for result in run["results"]:
        [location] = result["locations"]
        physical = location["physicalLocation"]
        assert driver["rules"][result["ruleIndex"]]["id"] == result["ruleId"]
        assert result["level"] in LEVELS
        assert result["message"]["text"].endswith(".")
        assert physical["region"]["startLine"] >= 1
        base = run["originalUriBaseIds"][physical["artifactLocation"]["uriBaseId"]]["uri"]
        assert base == f"{project.resolve().as_uri()}/"
        assert (project / physical["artifactLocation"]["uri"]).is_file()


def test_a_finding_of_a_whole_file_is_placed_on_its_first_line() -> None:
    """SARIF counts lines from 1."""
    [finding] = judged([])

    [result] = sarif([finding], "file:///x")["runs"][0]["results"]

    [location] = result["locations"]
    assert location["physicalLocation"]["region"] == {"startLine": 1}
    assert "logicalLocations" not in location
