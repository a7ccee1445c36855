"""What is asked before a search: it may say yes in vain, and never no where something is."""

import random
import string

import pytest

from functions.core.domain.guards.injection.acts import acts, may_hold
from functions.core.domain.guards.injection.decoding import decoded
from functions.core.domain.guards.injection.folding import fold
from functions.core.domain.guards.injection.lexicon import CLASSES, words
from functions.core.domain.guards.injection.signs import MARKS, possible_marks

ENTRIES = [" ".join((first, *rest)) for first, more in words().items() for rest, _ in more]
GAPS = (" ", "  ", ", ", ". ", "\n", "\n \n", "-", "'", '" ', " (", "_", "! ")
ROUNDS = 4000


def test_a_text_has_no_class_of_words_but_those_that_it_may_hold() -> None:
    """Entries of the lexicon, whole and cut, put together in any way."""
    chance = random.Random(1)
    for _ in range(ROUNDS):
        parts = [chance.choice(ENTRIES) for _ in range(chance.randint(1, 6))]
        cut = chance.randrange(len(parts))
        parts[cut] = parts[cut][: chance.randint(1, len(parts[cut]))]
        text = fold("".join(part + chance.choice(GAPS) for part in parts)).text

        assert set(acts(text).codes) & set(CLASSES) <= may_hold(text), text


def test_each_word_stands_where_its_class_says() -> None:
    """Every entry alone, behind an empty line: its place is where it was put."""
    for entry in ENTRIES:
        text = f"xq zv.\n \n{entry}"
        found = acts(text)
        at = len(found.codes) - 1

        assert found.span(at, at + 1)[1] == len(text)
        assert found.span(0, 2) == (0, len("xq zv"))


def test_a_mark_is_possible_where_a_text_has_what_it_needs() -> None:
    """What marks need, whole and cut, put together in any way; asking in two steps is as good."""
    chance = random.Random(2)
    needs = [need for sign in MARKS for need in sign.needs]
    for _ in range(ROUNDS):
        parts = chance.choices(needs, k=chance.randint(1, 4))
        text = " ".join(part[: chance.randint(1, len(part))] for part in parts)
        expected = [sign for sign in MARKS if any(need in text for need in sign.needs)]

        assert expected == list(possible_marks(text)), text


@pytest.mark.parametrize("opening", ["[insert", "[your", "[My", "[PROMPT", "[user", "[in\u017fert"])
def test_a_place_for_a_prompt_is_possible_however_it_is_written(opening: str) -> None:
    """Its brackets are looked for with the word behind them, in the folded text."""
    text = f"Say {opening} own prompt here]"
    place = next(sign for sign in MARKS if sign.name == "place_for_a_prompt")

    assert place.pattern.search(text)
    assert place in possible_marks(fold(text).text)


def test_what_is_readable_in_digits_is_decoded() -> None:
    """Sentences of any letters in hexadecimal and binary, however they are set."""
    chance = random.Random(4)
    for _ in range(200):
        drawn = ["".join(chance.choices(string.ascii_letters, k=5)) for _ in range(3)]
        said = " ".join(drawn)
        content = said.encode()
        hexed = chance.choice((content.hex(), content.hex(" "), content.hex(",").upper()))
        bits = chance.choice(("", " ")).join(f"{byte:08b}" for byte in content)

        assert [part.text for part in decoded(f"see {hexed}")] == [said]
        assert [part.text for part in decoded(f"see {bits}")] == [said]
