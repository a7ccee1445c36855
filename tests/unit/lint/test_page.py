"""The linter's page says the rules that the code has, and commands that do what it says."""

import re
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner

from interlock.cli.root import root
from interlock.lint.registry import HOUSE, RULES
from interlock.lint.spec import check_text

DOCS = Path(__file__).parents[3] / "docs"
PAGE = (DOCS / "linter.md").read_text()
COMMANDS = re.findall(r"^    interlock (workflows validate.*?)(?: {2,}#.*)?$", PAGE, re.MULTILINE)


def test_the_page_lists_every_rule_as_it_is() -> None:
    """Row for row: id, severity, what holds, what to do."""
    table = PAGE.partition("<!-- rules -->\n")[2].partition("<!-- /rules -->")[0]
    rows = [f"| `{r.id}` | {r.severity} | {r.demands} | {r.todo} |" for r in RULES]

    assert table.splitlines()[2:] == rows


@pytest.mark.parametrize("command", COMMANDS)
def test_its_commands_run(command: str, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each one, in a project that is clean."""
    monkeypatch.chdir(project)

    result = CliRunner().invoke(root, shlex.split(command))

    assert (result.exit_code, result.stderr) == (0, "")


def test_the_workflow_of_the_guide_is_clean() -> None:
    """What the guide tells to write breaks no rule."""
    guide = (DOCS / "write-a-workflow.md").read_text()
    machine = re.search(r"sort_message\.asl\.json`\n\n```json\n(.*?)```", guide, re.DOTALL)

    assert machine is not None
    assert [str(f) for f in check_text(machine[1], "sort_message.asl.json", HOUSE)] == []


def test_a_workflow_that_we_make_is_clean(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What `workflows new` writes breaks no rule."""
    monkeypatch.chdir(project)
    new = ["workflows", "new", "sort_reviews", "--task", "classify_ticket", "--owner", "a@x.org"]
    assert CliRunner().invoke(root, new).exit_code == 0

    result = CliRunner().invoke(root, ["workflows", "validate", "sort_reviews"])

    assert (result.exit_code, result.output) == (0, "0 errors, 0 warnings\n")
