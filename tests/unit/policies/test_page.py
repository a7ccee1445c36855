"""docs/policies.md lists the rules that there are."""

from pathlib import Path

from functions.core.domain.inheritance import setting
from functions.core.domain.policies import ORDERS, Policy

PAGE = Path(__file__).parents[3] / "docs" / "policies.md"


def table() -> str:
    """Return the list of rules as the page has it."""
    defaults = Policy(name="none", purpose="Defaults.")
    lines = ["| rule | unless it is set | a child's value |", "|---|---|---|"]
    for key, order in ORDERS.items():
        value = setting(defaults, key)
        shown = "any" if value is None else "none" if value in ((), {}) else str(value).lower()
        lines.append(f"| `{key}` | {shown} | {order.phrase} |")
    return "\n".join(lines)


def test_the_page_lists_every_rule_as_it_is() -> None:
    """Put what this prints into the page after a rule was added."""
    assert table() in PAGE.read_text(), table()
