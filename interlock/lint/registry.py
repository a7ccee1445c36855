"""Every rule of the linter, in one place."""

from typing import Final

from interlock.lint import declarations, house_money, house_outcomes, house_steps, spec, targets
from interlock.lint.findings import Check, Rule

HOUSE: Final[tuple[Check, ...]] = (house_steps.check, house_outcomes.check, house_money.check)
"""What a team's workflow is judged by, beside the language."""
PLATFORM: Final[tuple[Check, ...]] = (house_outcomes.check, house_money.check)
"""What the platform's own machines are judged by, beside the language and their wiring."""

RULES: Final[tuple[Rule, ...]] = (
    *spec.RULES,
    *declarations.RULES,
    *targets.RULES,
    *house_steps.RULES,
    *house_outcomes.RULES,
    *house_money.RULES,
)
