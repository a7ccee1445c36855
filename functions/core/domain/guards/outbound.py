"""What an answer is held to besides its schema: the policy's rules for answers, one after another.

A verdict names rule, place and span, never a value. A rule that is `log_only` goes on record and
lets the answer pass.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import chain
from typing import Any, Final

from functions.core.domain.canonical import escape_token
from functions.core.domain.guards.answer.business import ruled
from functions.core.domain.guards.answer.grounding import Source, numbers, quotes
from functions.core.domain.guards.answer.language import language_of
from functions.core.domain.guards.answer.links import strangers
from functions.core.domain.guards.answer.markup import active, neutralised
from functions.core.domain.guards.answer.texts import forbidden, missing
from functions.core.domain.guards.costs import Costs
from functions.core.domain.policies import AnswerRules, LanguageRules, TextRules

SPANS: Final = 8
Places = Iterator[tuple[int, int]]


@dataclass(frozen=True)
class Judged:
    """An answer as it may be passed on.

    Attributes
    ----------
    record
        What evidence says: rule, mode, JSON pointer, spans.
    blocked
        The first rule that ends the step; nothing where none does.
    """

    value: Any
    record: tuple[dict[str, Any], ...] = ()
    blocked: str = ""


def needs_source(rules: AnswerRules) -> bool:
    """Whether *rules* compare an answer with what the model was given."""
    return rules.grounding.quotes or rules.grounding.numbers


def needs_variables(rules: AnswerRules) -> bool:
    """Whether *rules* compare an answer with the variables of its call."""
    return bool(rules.business.rules) or rules.language.as_input


def judge(
    value: Any,
    rules: AnswerRules,
    source: Any = None,
    given: Mapping[str, Any] | None = None,
    costs: Costs | None = None,
) -> Judged:
    """Return *value* as *rules* let it be passed on.

    Parameters
    ----------
    source
        What the model was given, as it was sent.
    given
        The variables of the call, as the run has them.
    costs
        Where it is counted what each rule costs.
    """
    costs = costs or Costs()
    record: list[dict[str, Any]] = []
    blocked: list[str] = []
    for rule, mode, look in _rules(rules, _Answer(value, source, given or {})):
        with costs.of(rule):
            found = list(look())
        record += ({"rule": rule, "mode": mode, **one} for one in found)
        if found and mode == "enforce" and not _is_mended(rule, rules):
            failed = any("failed" in one for one in found)
            blocked.append(f"{rule}.failed" if failed else rule)
    if rules.markup.action == "neutralise" and rules.markup.mode == "enforce":
        try:
            value = _mapped(value, neutralised)
        except _NamesMeet:
            blocked.append("answer.markup")
    return Judged(value, tuple(record), blocked[0] if blocked else "")


@dataclass(frozen=True)
class _Answer:
    """What the rules look at."""

    value: Any
    source: Any
    given: Mapping[str, Any]

    def texts(self) -> Iterator[tuple[str, str]]:
        """Yield (JSON pointer, text)."""
        return _texts(self.value, "")

    def words(self) -> Iterator[tuple[str, str]]:
        """Yield (JSON pointer, text) of names of members, too: what acts, acts there as well."""
        return chain(_texts(self.value, ""), _names(self.value, ""))


Look = Callable[[], Iterator[dict[str, Any]]]
"""Yields what is on record of each place where a rule is broken."""


def _rules(rules: AnswerRules, answer: _Answer) -> Iterator[tuple[str, str, Look]]:
    """Yield (rule, mode, look) of every rule that is set; here a rule is switched on."""
    yield from _of_texts(rules, answer)
    yield from _of_grounding(rules, answer)
    language = rules.language
    if language.allowed is not None or language.as_input:
        yield "answer.language", language.mode, lambda: _languages(language, answer)
    for name, rule in rules.business.rules.items():
        key = f"answer.business.{name}"
        yield key, rules.business.mode, partial(_untrue, rule, answer)


def _of_texts(rules: AnswerRules, answer: _Answer) -> Iterator[tuple[str, str, Look]]:
    unwanted, hosts = rules.texts.forbidden, rules.links.hosts
    if unwanted:
        look = _in_each(answer.texts, lambda text: forbidden(text, unwanted))
        yield "answer.texts.forbidden", rules.texts.mode, look
    if rules.texts.required:
        yield "answer.texts.required", rules.texts.mode, lambda: _lacking(rules.texts, answer)
    if hosts is not None:
        look = _in_each(answer.words, lambda text: strangers(text, hosts))
        yield "answer.links", rules.links.mode, look
    if rules.markup.action != "allow":
        yield "answer.markup", rules.markup.mode, _in_each(answer.words, active)


def _of_grounding(rules: AnswerRules, answer: _Answer) -> Iterator[tuple[str, str, Look]]:
    if not needs_source(rules):
        return
    known, mode = Source(answer.source), rules.grounding.mode
    if rules.grounding.quotes:
        look = _in_each(answer.texts, lambda text: quotes(text, known))
        yield "answer.grounding.quotes", mode, look
    if rules.grounding.numbers:
        look = _in_each(answer.texts, lambda text: numbers(text, known))
        yield "answer.grounding.numbers", mode, look


def _in_each(words: Callable[[], Iterator[tuple[str, str]]], find: Callable[[str], Places]) -> Look:
    def look() -> Iterator[dict[str, Any]]:
        for at, text in words():
            spans = [list(span) for span in find(text)]
            if spans:
                yield {"at": at, "spans": spans[:SPANS]}

    return look


def _lacking(rules: TextRules, answer: _Answer) -> Iterator[dict[str, Any]]:
    lacks = missing([text for _, text in answer.texts()], rules.required)
    if lacks:
        yield {"missing": lacks}


def _languages(rules: LanguageRules, answer: _Answer) -> Iterator[dict[str, Any]]:
    """Yield where a text is in a language that it may not be in."""
    allowed = rules.allowed
    if rules.as_input:
        asked_in = language_of("\n".join(texts_of(answer.given)))
        allowed = allowed if asked_in is None else (asked_in,)
    if allowed is None:
        return
    for at, text in answer.texts():
        found = language_of(text)
        if found is not None and found not in allowed:
            yield {"at": at, "spans": [[0, len(text)]], "language": found}


def _untrue(rule: str, answer: _Answer) -> Iterator[dict[str, Any]]:
    said = ruled(rule, answer.value, answer.given)
    if not said.holds:
        yield {"steps": said.steps, **({"failed": said.failed} if said.failed else {})}


def _is_mended(rule: str, rules: AnswerRules) -> bool:
    return rule == "answer.markup" and rules.markup.action == "neutralise"


def texts_of(value: Any) -> Iterator[str]:
    """Yield every text in JSON *value*."""
    return (text for _, text in _texts(value, ""))


def _texts(value: Any, at: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield at, value
    elif isinstance(value, dict):
        for name, item in value.items():
            yield from _texts(item, f"{at}/{escape_token(name)}")
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _texts(item, f"{at}/{index}")


def _names(value: Any, at: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for name, item in value.items():
            yield at, name
            yield from _names(item, f"{at}/{escape_token(name)}")
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _names(item, f"{at}/{index}")


class _NamesMeet(ValueError):
    """Two names of an object would be one, and a value would be lost."""


def _mapped(value: Any, change: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return change(value)
    if isinstance(value, dict):
        changed = {change(name): _mapped(item, change) for name, item in value.items()}
        if len(changed) < len(value):
            raise _NamesMeet
        return changed
    return [_mapped(item, change) for item in value] if isinstance(value, list) else value
