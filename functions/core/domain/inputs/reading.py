"""Reading what a caller passed as its task declares it: to texts, within limits, or not at all."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from functions.core.domain.ai_tasks import AiTask
from functions.core.domain.canonical import escape_token, parse_strict
from functions.core.domain.errors import (
    FileRefused,
    InputInParts,
    InputMissing,
    InputTooLong,
    InvalidJson,
    PersonRequired,
    VariablesRejected,
)
from functions.core.domain.inputs.content import (
    MAX_FILE_BYTES,
    Unreadable,
    Why,
    file_bytes,
    file_text,
    without_controls,
)
from functions.core.domain.inputs.declared import (
    CsvInput,
    Input,
    JsonInput,
    PdfInput,
    RecordsInput,
    ValueInput,
)
from functions.core.domain.inputs.limits import Limits, cut, cut_lines, joined, line_parts, parts
from functions.core.domain.inputs.tables import Table, csv_table, records_table
from functions.core.domain.references import lookup

RULE: Final = "input"
"""What the record of an input is filed under, among those of the guards."""
NOT_PROVIDED: Final = "[not provided]"
"""What stands where a variable is missing, and the task goes on without it."""
MISSING: Final = "missing"
CUT: Final = "cut"
MAX_PARTS: Final = 100
"""Of one input: each is a step of its own, in one run."""


@dataclass(frozen=True)
class PdfText:
    """The text of a PDF's first pages.

    Attributes
    ----------
    pages
        How many it has in all, of which not all need to have been read.
    """

    text: str
    pages: int


class PdfReader(Protocol):
    """Gets the text out of a PDF, whatever somebody put in it."""

    def __call__(self, content: bytes, max_pages: int) -> PdfText:
        """Return the text of the first *max_pages* pages; Unreadable says why there is none."""
        ...


@dataclass(frozen=True)
class Read:
    """A step's variables, read.

    Attributes
    ----------
    values
        What the template is given.
    passed
        The declared inputs as they came, defaults filled in: what their schema speaks of.
    record
        What evidence says: kind, encoding, sizes, what was cut; no value.
    partial
        Input -> `missing`, `cut` or `part 2 of 7`: what the model answers without.
    """

    values: dict[str, Any]
    passed: dict[str, Any] = field(default_factory=dict)
    record: tuple[dict[str, Any], ...] = ()
    partial: Mapping[str, str] = field(default_factory=dict)

    def as_passed(self, values: Mapping[str, Any], task: AiTask) -> dict[str, Any]:
        """Return *values* with the inputs as they were passed."""
        declared = task.inputs or {}
        return {n: value for n, value in values.items() if n not in declared} | self.passed

    @property
    def notice(self) -> str:
        """What the model is told after the data; empty where nothing is missing or cut."""
        if not self.partial:
            return ""
        said = {MISSING: "`{}` was not provided", CUT: "only the beginning of `{}` is shown"}
        told = [
            said.get(how, f"only {how} of `{{}}` is shown").format(name)
            for name, how in self.partial.items()
        ]
        return (
            f"Some of the data is incomplete: {'; '.join(told)}. Answer from what is there, and "
            "do not make up the rest."
        )


@dataclass(frozen=True)
class _Shown:
    """An input as the model is shown it, and what evidence says of how it was read."""

    text: str
    facts: Mapping[str, Any]
    lacks: str = ""
    """What of it is not shown; empty where nothing is."""


def read_inputs(
    task: AiTask, variables: Mapping[str, Any], pdf: PdfReader, part: int | None = None
) -> Read:
    """Return *variables*, whose references are resolved, as *task* declares that they are read.

    *part* is the one, from 1 on, that is asked about of the input that is declared so.

    Raises
    ------
    FileRefused, InputTooLong, InputInParts, InputMissing, PersonRequired
        Each with the input's pointer and, on record, why; never with a value.
    VariablesRejected
        There is no such part.
    """
    declared = task.inputs or {}
    if part is not None and all(one.when_longer != "chunk" for one in declared.values()):
        raise VariablesRejected("the task has no input that is asked about in parts")
    values = dict(variables)
    passed: dict[str, Any] = {}
    record: list[dict[str, Any]] = []
    partial: dict[str, str] = {}
    for name, one in sorted(declared.items()):
        given = variables.get(name)
        shown = None if _is_blank(given) else _read(name, one, given, pdf, part)
        if shown is not None and shown.text.strip():
            passed[name] = given
        else:
            shown = _in_its_place(name, one)
            if one.default is None:
                partial[name] = MISSING
            elif one.kind == "value":
                passed[name] = one.default
        if shown.lacks:
            partial[name] = shown.lacks
        is_own = one.kind == "value" and not shown.lacks and name in passed
        values[name] = passed[name] if is_own else shown.text
        record.append({"rule": RULE, "at": _at(name), "kind": one.kind, **shown.facts})
    return Read(values, passed, tuple(record), partial)


def as_written(content: bytes, max_pages: int) -> PdfText:  # noqa: ARG001  (the reader's form)
    """Stand for the reader of PDFs where a case of the catalog gives the text of one."""
    return PdfText(content.decode(errors="replace"), 1)


def _at(name: str) -> str:
    return f"/{escape_token(name)}"


def _is_blank(value: Any) -> bool:
    return value is None or value == [] or (isinstance(value, str) and not value.strip())


def _in_its_place(name: str, one: Input) -> _Shown:
    """Return what stands for an input that is missing."""
    told = {"rule": RULE, "at": _at(name), "kind": one.kind, "why": "MISSING"}
    if one.default is not None:
        text = one.default if isinstance(one.default, str) else json.dumps(one.default)
        return _Shown(text, {"default": True})
    if one.when_missing == "partial":
        return _Shown(NOT_PROVIDED, {MISSING: True})
    if one.when_missing == "ask":
        raise PersonRequired(f"{_at(name)} is missing", (told,))
    raise InputMissing(_at(name), (told,))


def _read(name: str, one: Input, given: Any, pdf: PdfReader, part: int | None) -> _Shown:
    told = {"rule": RULE, "at": _at(name), "kind": one.kind}
    try:
        whole, facts, rows = _content(one, given, pdf)
    except Unreadable as problem:
        why = {"why": str(problem.why)}
        raise FileRefused(f"{_at(name)} {problem.why}", (told | why,)) from None
    sizes = {**facts, "characters": len(whole)}
    too_many = facts.get("pages", 0) > getattr(one, "max_pages", 0)
    limits = Limits(one.max_characters, one.max_tokens)
    most = getattr(one, "max_rows", 0)
    fits = limits.hold(whole) and (rows is None or len(rows.lines) <= most) and not too_many
    if not whole.strip() or (fits and part in (None, 1)):
        return _Shown(whole, sizes)
    if one.when_longer == "truncate":
        return _cut(whole, sizes, rows, limits, most)
    if one.when_longer == "chunk" and not too_many:
        found = _parts(whole, rows, limits, most)
        if found:
            return _part(found, sizes, told, part)
    raise InputTooLong(_at(name), (told | sizes | {"why": "TOO_LONG"},))


def _cut(
    whole: str, sizes: Mapping[str, Any], rows: Table | None, limits: Limits, most: int
) -> _Shown:
    """Return the beginning of an input, with its mark."""
    if rows is None:
        shown, kept = cut(whole, limits), {}
    else:
        shown, number = cut_lines(rows.heading, rows.lines, limits, most)
        kept = {"rows_shown": number}
    return _Shown(shown, {**sizes, "characters_shown": len(shown), **kept, CUT: True}, CUT)


def _parts(whole: str, rows: Table | None, limits: Limits, most: int) -> list[str] | None:
    if rows is None:
        return parts(whole, limits, MAX_PARTS)
    return line_parts(rows.heading, rows.lines, limits, most, MAX_PARTS)


def _part(
    found: Sequence[str], sizes: Mapping[str, Any], told: Mapping[str, Any], part: int | None
) -> _Shown:
    """Return the *part* that is asked about; where none is, say how many there are."""
    number = len(found)
    if part is None:
        record = {**told, **sizes, "why": "IN_PARTS", "parts": number}
        raise InputInParts(told["at"], number, (record,))
    if not 1 <= part <= number:
        raise VariablesRejected(f"{told['at']} has {number} parts")
    shown = found[part - 1]
    facts = {**sizes, "characters_shown": len(shown), "part": part, "parts": number}
    return _Shown(shown, facts, f"part {part} of {number}")


def _content(one: Input, given: Any, pdf: PdfReader) -> tuple[str, dict[str, Any], Table | None]:
    """Return the text of an input, facts about it, and its rows where it has some."""
    if isinstance(one, ValueInput):
        return given if isinstance(given, str) else json.dumps(given, ensure_ascii=False), {}, None
    if isinstance(one, RecordsInput):
        table = records_table(given, one)
        return joined(table.heading, table.lines), {"rows": len(table.lines)}, table
    content = file_bytes(given)
    size = {"bytes": len(content)}
    if isinstance(one, PdfInput):
        found = pdf(content, one.max_pages)
        return without_controls(found.text), {**size, "pages": found.pages}, None
    text, encoding = file_text(content)
    facts = {**size, "encoding": encoding}
    if isinstance(one, CsvInput):
        table = csv_table(text, one)
        rows = {"rows": len(table.lines)}
        # a heading without a row is no data
        whole = joined(table.heading, table.lines) if table.lines else ""
        return whole, {**facts, **rows}, table
    if isinstance(one, JsonInput):
        return _json_part(text, one), facts, None
    return text, facts, None


def _json_part(text: str, one: JsonInput) -> str:
    try:
        value = parse_strict(text, max_bytes=2 * MAX_FILE_BYTES)
    except InvalidJson:
        raise Unreadable(Why.NOT_JSON) from None
    try:
        found = lookup(value, one.pointer or "")
    except KeyError:
        raise Unreadable(Why.NOTHING_AT_POINTER) from None
    return "" if _is_blank(found) else json.dumps(found, ensure_ascii=False)
