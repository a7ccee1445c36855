"""The linter's page says the rules that the code has."""

from pathlib import Path

from interlock.lint.registry import RULES

PAGE = Path(__file__).parents[3] / "docs" / "linter.md"


def test_the_page_lists_every_rule_as_it_is() -> None:
    """Row for row: id, severity, what holds, what to do."""
    table = PAGE.read_text().partition("<!-- rules -->\n")[2].partition("<!-- /rules -->")[0]
    rows = [f"| `{r.id}` | {r.severity} | {r.demands} | {r.todo} |" for r in RULES]

    assert table.splitlines()[2:] == rows
