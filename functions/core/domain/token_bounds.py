"""How many tokens a text takes at most, whoever's tokenizer counts them.

A token covers at least one byte, so bytes bound what anybody may have written. That is four
times what prose takes, and a hold four times too large keeps others from their money: texts of
the catalog, which nobody outside can change, are bounded by their words.
"""

import re
from functools import lru_cache
from math import ceil
from typing import Final

_WORD: Final = re.compile(r" ?([A-Za-z]+)")
_LONGEST_WORD: Final = 24
"""A longer run of letters is no word of any language, and is counted by its bytes."""
_LETTERS_A_TOKEN: Final = 3
"""Vocabularies in use cut words of European languages into pieces of three letters and more; a
space before a word is part of its first piece."""


@lru_cache(maxsize=256)
def prose_tokens(text: str) -> int:
    """Return how many tokens a text of the catalog takes at most.

    Digits, signs and letters beyond ASCII are counted by their bytes.
    """
    saved = 0
    for match in _WORD.finditer(text):
        letters = len(match[1])
        if letters <= _LONGEST_WORD:
            saved += len(match[0]) - ceil(letters / _LETTERS_A_TOKEN)
    return len(text.encode()) - saved


def outside_tokens(text: str) -> int:
    """Return how many tokens a text from outside takes at most: one for each of its bytes."""
    return len(text.encode())
