"""Each defence is missed once it is off, and the page says by whom."""

import pytest

from tests.adversarial.defences import DEFENCES
from tests.adversarial.losses import holds, noticed
from tests.adversarial.page import PAGE, page, seen
from tests.adversarial.rows import rows
from tests.adversarial.switches import Defence, edited


@pytest.mark.parametrize("defence", DEFENCES, ids=lambda defence: defence.name)
def test_a_defence_that_is_off_is_missed(defence: Defence) -> None:
    """By every attack that says it leans on it; `make mutate-guards` asks all the others, too."""
    leaning = [row for row in rows() if defence.name in row.leans_on]

    assert leaning
    assert noticed(defence, leaning) == [row.name for row in leaning]


def test_a_defence_is_on_again_afterwards() -> None:
    """Switched off and on, the first of each kind of switch leaves nothing behind."""
    kinds = {"injection-block", "sandbox-attributes", "inheritance-lower", "pattern-bound"}
    for defence in DEFENCES:
        if defence.name in kinds:
            with defence.switched_off():
                pass

    leaning = [row for row in rows() if kinds & set(row.leans_on)]

    assert [row.name for row in leaning if not holds(row)] == []


def test_a_defence_that_the_code_no_longer_has_says_so() -> None:
    """Instead of staying on unnoticed."""
    where, off = edited("functions.core.domain.guards.inbound:screen", ("no such line", ""))
    defence = Defence("gone", "Nothing.", where, (off,))

    with pytest.raises(LookupError, match="no longer holds"):
        noticed(defence, rows()[:1])


def test_every_attack_leans_on_something_that_there_is() -> None:
    """Names are those of the defences."""
    known = {defence.name for defence in DEFENCES}

    assert [row.name for row in rows() if not row.leans_on or set(row.leans_on) - known] == []


def test_the_page_is_current() -> None:
    """`make mutate-guards WRITE=1` writes it: the table's words, and what was seen."""
    leans = seen()
    short = {row.name for row in rows() if set(row.leans_on) - set(leans.get(row.name, ()))}

    assert page(rows(), DEFENCES, leans) == PAGE.read_text(encoding="utf-8")
    assert not short
