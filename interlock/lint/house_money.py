"""House rules of money: no machine computes or compares it.

Amounts travel as decimal text, and `'9.50' <= '10.00'` is false in JSONata: a function decides in
decimals and hands back a yes or no. CONTRACTS: Ledger.
"""

import re
from collections.abc import Iterator
from typing import Final

from interlock.lint.findings import Finding, error
from interlock.lint.house_steps import read
from interlock.lint.machine import Machine
from interlock.lint.queries import queries

MONEY = error(
    "IL501",
    "No state computes or compares money: amounts are decimal text.",
    "Let a function compare in decimals, and route on the boolean that it hands back.",
)
RULES: Final = (MONEY,)

_MONEY: Final = re.compile(
    r"(?:.*_)?(?:amounts?|prices?|costs?|fees?|balance|money|usd|eur|gbp|chf|jpy|cents)(?:_.*)?"
)
_CAMEL: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_COMPUTES: Final = frozenset(
    {
        *("+", "-", "*", "/", "%", "<", "<=", ">", ">=", "=", "!=", "in", "~>"),
        *("$number", "$sum", "$average", "$max", "$min", "$abs", "$round", "$floor", "$ceil"),
        *("$power", "$sqrt", "$formatNumber", "$formatInteger", "$sort"),
    }
)


def is_money(word: str) -> bool:
    """Whether a field or variable of this name holds an amount of money."""
    return _MONEY.fullmatch(_CAMEL.sub("_", word).lower()) is not None


def check(machine: Machine) -> Iterator[Finding]:
    """Yield each expression that computes or compares money."""
    for state in machine.states:
        for place, text, _ in queries(state):
            said = read(text)
            for operator, operands in said.operations if said and state.jsonata else ():
                words = [o.path[-1] for o in operands if o.path and is_money(o.path[-1])]
                if operator in _COMPUTES and words:
                    yield Finding(MONEY, place, f"{operator} on {words[0]!r}")
