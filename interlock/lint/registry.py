"""Every rule of the linter, in one place."""

from typing import Final

from interlock.lint import declarations, house_money, house_outcomes, house_steps, spec, targets
from interlock.lint.findings import Check, Rule

HOUSE: Final[tuple[Check, ...]] = (house_steps.check, house_outcomes.check, house_money.check)
"""What a team's workflow is judged by, beside the language."""
PLATFORM: Final[tuple[Check, ...]] = (house_outcomes.check, house_money.check)
"""What the platform's own machines are judged by, beside the language and their wiring."""

_MODULES: Final = (spec, declarations, targets, house_steps, house_outcomes, house_money)
RULES: Final[tuple[Rule, ...]] = tuple(
    sorted((rule for module in _MODULES for rule in module.RULES), key=lambda rule: rule.id)
)
