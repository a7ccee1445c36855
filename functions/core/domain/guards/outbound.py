"""What an answer is held to besides its schema: the policy's rules for answers, one after another.

A verdict names rule, place and span, never a value. A rule that is `log_only` goes on record and
lets the answer pass.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from functions.core.domain.canonical import escape_token
from functions.core.domain.guards.answer.grounding import Source, numbers, quotes
from functions.core.domain.guards.answer.links import strangers
from functions.core.domain.guards.answer.markup import active, neutralised
from functions.core.domain.guards.answer.texts import forbidden, missing
from functions.core.domain.policies import AnswerRules

SPANS: Final = 8
Places = Iterator[tuple[int, int]]
_ACTING: Final = ("answer.links", "answer.markup")
"""Rules on what would act wherever it stands; of names of members, the others say nothing."""


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


def judge(value: Any, rules: AnswerRules, source: Any = None) -> Judged:
    """Return *value* as *rules* let it be passed on; *source* is what the model was given."""
    record: list[dict[str, Any]] = []
    blocked: list[str] = []
    texts = list(_texts(value, ""))
    checks = list(_checks(rules, source))
    acting = [check for check in checks if check[0] in _ACTING]
    looked_at = [(at, text, checks) for at, text in texts]
    looked_at += [(at, name, acting) for at, name in _names(value, "")]
    for at, text, rules_of_it in looked_at:
        for rule, mode, look in rules_of_it:
            spans = [list(span) for span in look(text)]
            if spans:
                record.append({"rule": rule, "mode": mode, "at": at, "spans": spans[:SPANS]})
                if mode == "enforce" and not _is_mended(rule, rules):
                    blocked.append(rule)
    lacks = missing([text for _, text in texts], rules.texts.required)
    if lacks:
        record.append({"rule": "answer.texts.required", "mode": rules.texts.mode, "missing": lacks})
        if rules.texts.mode == "enforce":
            blocked.append("answer.texts.required")
    if rules.markup.action == "neutralise" and rules.markup.mode == "enforce":
        value = _mapped(value, neutralised)
    return Judged(value, tuple(record), blocked[0] if blocked else "")


def _checks(rules: AnswerRules, source: Any) -> Iterator[tuple[str, str, Callable[[str], Places]]]:
    unwanted, hosts = rules.texts.forbidden, rules.links.hosts
    if unwanted:
        yield "answer.texts.forbidden", rules.texts.mode, lambda text: forbidden(text, unwanted)
    if hosts is not None:
        yield "answer.links", rules.links.mode, lambda text: strangers(text, hosts)
    if rules.markup.action != "allow":
        yield "answer.markup", rules.markup.mode, active
    if needs_source(rules):
        known, mode = Source(source), rules.grounding.mode
        if rules.grounding.quotes:
            yield "answer.grounding.quotes", mode, lambda text: quotes(text, known)
        if rules.grounding.numbers:
            yield "answer.grounding.numbers", mode, lambda text: numbers(text, known)


def _is_mended(rule: str, rules: AnswerRules) -> bool:
    return rule == "answer.markup" and rules.markup.action == "neutralise"


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


def _mapped(value: Any, change: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return change(value)
    if isinstance(value, dict):
        return {change(name): _mapped(item, change) for name, item in value.items()}
    return [_mapped(item, change) for item in value] if isinstance(value, list) else value
