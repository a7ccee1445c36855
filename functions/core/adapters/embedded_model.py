"""`embedded-lexical-1`: a model without a network, which compares words and invents nothing.

It reads the messages and the schema that any other model would be given: it ranks enum values
against the text by their words, descriptions and the examples in the prompt, extracts what a
format describes, and takes drafts from the texts that the schema declares (`x-drafts`,
`examples`). What it can't find it leaves out, or takes from the most alike example of the prompt
where it is required; without one the schema refuses the answer, as it should.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from functions.core.domain.answers import REPAIR_SENTENCE
from functions.core.domain.canonical import canonical
from functions.core.domain.lexical import LexicalRanking
from functions.core.domain.models import AnswerStatus, ModelAnswer, ModelRequest, Usage
from functions.core.domain.schemas import resolve

MODEL: Final = "embedded-lexical-1"

_FENCED: Final = re.compile(r"<<<([0-9a-f]{16})\n(.*?)\n\1>>>", re.DOTALL)
_TOKEN: Final = re.compile(r"\w+|[^\w\s]")
_SENTENCE: Final = re.compile(r"[^.!?\n]*[.!?\n]?")
_NUMBER: Final = re.compile(r"-?(?:[0-9]{1,3}(?:,[0-9]{3}){1,5}|[0-9]{1,18})(?:\.[0-9]{1,12})?")
_AROUND: Final = ".,;:!?()[]\"'$€£%"
_FORMATS: Final = {
    "date": re.compile(r"\b\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])\b"),
    "date-time": re.compile(r"\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)(?!\d)"),
    "email": re.compile(r"[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+"),
    "ipv4": re.compile(r"\b(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)\b"),
    "uuid": re.compile(r"\b[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\b"),
}
_LEAST_CONFIDENCE: Final = 0.05
_MOST_CONFIDENCE: Final = 0.95
"""It never claims to be sure."""
_UNDECIDED: Final = ("other", "unknown", "none", "neutral", "normal")
_NOTHING: Final = object()


@dataclass(frozen=True)
class _Question:
    """The prompt, read: what came from outside, what the template says around it, examples."""

    text: str
    context: str
    examples: tuple[tuple[str, str], ...]
    """(text, answer as JSON) of each solved case."""

    @classmethod
    def read(cls, messages: Sequence[dict[str, str]]) -> "_Question":
        if messages and messages[-1]["content"].startswith(REPAIR_SENTENCE):
            messages = messages[:-2]  # it has nothing to learn from its own last answer
        asked = [m["content"] for m in messages if m["role"] == "user"]
        answers = [m["content"] for m in messages if m["role"] == "assistant"]
        texts = tuple(_outside(content) for content in asked)
        last = asked[-1] if asked else ""
        examples = tuple(zip(texts[:-1], answers, strict=False))
        return cls(texts[-1] if texts else "", _FENCED.sub(" ", last), examples)


def _outside(content: str) -> str:
    """Return what stands inside fences; the whole of it where there are none."""
    fenced = [match[2] for match in _FENCED.finditer(content)]
    return "\n".join(fenced) if fenced else content


class EmbeddedModel:
    """The dialect `embedded` behind the port `ModelClient`. Needs nothing and costs nothing."""

    def complete(self, request: ModelRequest) -> ModelAnswer:
        """Answer *request*; the same request has the same answer, always."""
        asked = sum(len(_TOKEN.findall(message["content"])) for message in request.messages)
        if asked > request.target.limits.context_tokens:
            return ModelAnswer(AnswerStatus.TOO_LARGE, model=MODEL, why="context")
        text = canonical(fill(request.schema, request.messages)).decode()
        tokens = list(_TOKEN.finditer(text))
        most = request.max_output_tokens
        cut = len(tokens) > most
        return ModelAnswer(
            AnswerStatus.CUT if cut else AnswerStatus.ANSWERED,
            text=text[: tokens[most].start()] if cut else text,
            finish_reason="length" if cut else "stop",
            usage=Usage(asked, min(len(tokens), most), 0),
            model=MODEL,
            provider_request_id=request.attempt,
        )


def fill(schema: dict[str, Any], messages: Sequence[dict[str, str]]) -> Any:
    """Return what the embedded model answers to *messages* in the form of *schema*."""
    value = _Answer(schema, _Question.read(messages)).value_of(schema, ())
    return {} if value is _NOTHING else value


class _Answer:
    """Fills one schema for one question."""

    def __init__(self, root: dict[str, Any], question: _Question) -> None:
        self._root = root
        self._question = question
        self._confidence: float | None = None
        self._within: list[str] = []

    def value_of(self, schema: Any, path: tuple[str, ...]) -> Any:
        """Return a value for *schema* at *path*, or `_NOTHING`."""
        if isinstance(schema, dict) and "$ref" in schema:
            return self._value_of_ref(schema["$ref"], path)
        if not isinstance(schema, dict):
            return _NOTHING
        if "const" in schema:
            return schema["const"]
        if "enum" in schema:
            return self._best_of(schema, path)
        kinds = schema.get("type", ())
        kinds = [kinds] if isinstance(kinds, str) else kinds
        for kind in kinds:
            value = self._value_of_type(kind, schema, path)
            if value is not _NOTHING:
                return value
        return None if "null" in kinds else _NOTHING

    def _value_of_ref(self, ref: str, path: tuple[str, ...]) -> Any:
        """Follow *ref*, but not into itself: what holds itself would be filled for ever."""
        if ref in self._within:
            return _NOTHING
        self._within.append(ref)
        try:
            return self.value_of(resolve(self._root, ref), path)
        finally:
            self._within.pop()

    def _value_of_type(self, kind: str, schema: dict[str, Any], path: tuple[str, ...]) -> Any:
        if kind == "object":
            return self._object(schema, path)
        if kind == "string":
            return self._string(schema, path)
        if kind in ("number", "integer"):
            return self._number(kind, schema, path)
        if kind == "array":
            return self._array(schema, path)
        return self._flag(path) if kind == "boolean" else _NOTHING

    def _object(self, schema: dict[str, Any], path: tuple[str, ...]) -> dict[str, Any]:
        properties = schema.get("properties", {})
        # Choices come first: how sure they were is the confidence that another field states.
        order = sorted(properties, key=lambda name: _is_confidence(name, properties[name]))
        found = {name: self.value_of(properties[name], (*path, name)) for name in order}
        for name in schema.get("required", ()):
            if name in found and self._lacks(properties[name], found[name]):
                found[name] = self._learned((*path, name), found[name])
        return {name: found[name] for name in properties if found[name] is not _NOTHING}

    def _lacks(self, schema: Any, value: Any) -> bool:
        """Say whether *value* is none, or not all of what *schema* requires."""
        if isinstance(schema, dict) and "$ref" in schema:
            schema = resolve(self._root, schema["$ref"])
        if value is _NOTHING or not isinstance(schema, dict):
            return value is _NOTHING
        if isinstance(value, dict):
            inside = schema.get("properties", {})
            return any(
                self._lacks(inside.get(name), value.get(name, _NOTHING))
                for name in schema.get("required", ())
            )
        if isinstance(value, list):
            few = len(value) < schema.get("minItems", 0)
            return few or any(self._lacks(schema.get("items"), inner) for inner in value)
        return False

    def _learned(self, path: tuple[str, ...], otherwise: Any) -> Any:
        """Return the value at *path* of the example that is most like the text."""
        solved = [(text, _shown(v), v) for text, v in self._solved(path) if v is not _NOTHING]
        values = {shown: value for _, shown, value in solved}
        if not values:
            return otherwise
        examples = tuple((text, shown) for text, shown, _ in solved)
        ranked = _ranking(tuple((shown, "") for shown in values), examples)
        return values[ranked.rank(self._question.text)[0][0]]

    def _best_of(self, schema: dict[str, Any], path: tuple[str, ...]) -> Any:
        options = {_shown(option): option for option in schema["enum"]}
        described = schema.get("x-enum-descriptions", {})
        labels = tuple((label, described.get(label, "")) for label in options)
        examples = tuple(
            (text, _shown(value)) for text, value in self._solved(path) if value is not _NOTHING
        )
        ranked = _ranking(labels, examples).rank(self._question.text)
        best, share = ranked[0]
        if share * len(options) <= 1:  # nothing in common with any of them
            best = next((label for label in _UNDECIDED if label in options), best)
        if self._confidence is None:
            self._confidence = share
        return options[best]

    def _solved(self, path: tuple[str, ...]) -> list[tuple[str, Any]]:
        """Return (text, value at *path*) of the examples in the prompt."""
        found = []
        for text, answer in self._question.examples:
            value: Any = json.loads(answer)
            for name in path:
                value = value.get(name, _NOTHING) if isinstance(value, dict) else _NOTHING
            found.append((text, value))
        return found

    def _string(self, schema: dict[str, Any], path: tuple[str, ...]) -> Any:
        if drafts := schema.get("x-drafts"):
            return self._draft(drafts)
        if "format" in schema or "pattern" in schema:
            return next(iter(self._matches(schema)), _NOTHING)
        if offered := schema.get("examples"):
            return self._nearest({str(text): str(text) for text in offered})
        if solved := {_shown(v): str(v) for _, v in self._solved(path) if v is not _NOTHING}:
            return self._nearest(solved)
        return self._first_sentence(schema)

    def _draft(self, drafts: dict[str, str]) -> str:
        """Return the draft whose name the template says, else the one most like the text."""
        said = set(re.findall(r"[\w-]+", self._question.context))
        named = [name for name in drafts if name in said]
        return drafts[named[0]] if len(named) == 1 else self._nearest(drafts)

    def _nearest(self, texts: dict[str, str]) -> str:
        ranking = _ranking(tuple(texts.items()), ())
        return texts[ranking.rank(self._question.text)[0][0]]

    def _matches(self, schema: dict[str, Any]) -> list[str]:
        pattern = _FORMATS.get(schema.get("format", ""))
        if pattern is not None:
            return [match[0] for match in pattern.finditer(self._question.text)]
        wanted = re.compile(schema.get("pattern", r"(?!)"))
        return [token for token in self._tokens() if wanted.search(token)]

    def _tokens(self) -> list[str]:
        """Return what stands between spaces in the text, without marks around it."""
        stripped = (token.strip(_AROUND) for token in self._question.text.split())
        return [token for token in stripped if token]

    def _first_sentence(self, schema: dict[str, Any]) -> Any:
        text = self._question.text.strip()
        least, most = schema.get("minLength", 1), schema.get("maxLength", 200)
        found = ""
        for match in _SENTENCE.finditer(text):
            found += match[0]
            if len(found.strip()) >= least:
                break
        found = found.strip()[:most]
        return found if len(found) >= least else _NOTHING

    def _number(self, kind: str, schema: dict[str, Any], path: tuple[str, ...]) -> Any:
        if path and _is_confidence(path[-1], schema):
            share = self._confidence if self._confidence is not None else _LEAST_CONFIDENCE
            return round(min(_MOST_CONFIDENCE, max(_LEAST_CONFIDENCE, share)), 2)
        for token in self._tokens():
            digits = token.replace(",", "")
            if not _NUMBER.fullmatch(token) or (kind == "integer" and "." in digits):
                continue
            value = int(digits) if kind == "integer" else float(digits)
            if schema.get("minimum", value) <= value <= schema.get("maximum", value):
                return value
        return _NOTHING

    def _array(self, schema: dict[str, Any], path: tuple[str, ...]) -> Any:
        items = schema.get("items", {})
        most = schema.get("maxItems", 16)
        if isinstance(items, dict) and items.get("type") == "string" and "format" in items:
            return list(dict.fromkeys(self._matches(items)))[:most]
        one = self.value_of(items, (*path, "[]"))  # an example holds the whole list, no item
        return [] if one is _NOTHING or not most else [one]

    def _flag(self, path: tuple[str, ...]) -> Any:
        examples = tuple((t, _shown(v)) for t, v in self._solved(path) if isinstance(v, bool))
        if not examples:
            return _NOTHING
        ranked = _ranking((("true", ""), ("false", "")), examples).rank(self._question.text)
        return ranked[0][0] == "true"


def _is_confidence(name: str, schema: Any) -> bool:
    return (
        isinstance(schema, dict)
        and schema.get("type") == "number"
        and schema.get("minimum") == 0
        and schema.get("maximum") == 1
        and name in ("confidence", "certainty", "probability", "score")
    )


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else canonical(value).decode()


@lru_cache(maxsize=64)
def _ranking(
    labels: tuple[tuple[str, str], ...], examples: tuple[tuple[str, str], ...]
) -> LexicalRanking:
    """Build a ranking once a worker: labels and examples are part of a task's version."""
    return LexicalRanking(dict(labels), examples)
