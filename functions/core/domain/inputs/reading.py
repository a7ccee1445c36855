"""Reading what a caller passed as its task declares it: to texts, within limits, or not at all."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from functions.core.domain.canonical import escape_token, parse_strict
from functions.core.domain.definitions import AiTask
from functions.core.domain.errors import (
    FileRefused,
    InputMissing,
    InputTooLong,
    InvalidJson,
    PersonRequired,
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
from functions.core.domain.inputs.limits import Limits, cut, cut_lines, joined
from functions.core.domain.inputs.tables import Table, csv_table, records_table
from functions.core.domain.references import lookup

RULE: Final = "input"
"""What the record of an input is filed under, among those of the guards."""
NOT_PROVIDED: Final = "[not provided]"
"""What stands where a variable is missing, and the task goes on without it."""
MISSING: Final = "missing"
CUT: Final = "cut"


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
        Input -> `missing` or `cut`: what the model answers without.
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
        told = [
            f"`{name}` was not provided"
            if how == MISSING
            else f"only the beginning of `{name}` is shown"
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
    is_cut: bool = False


def read_inputs(task: AiTask, variables: Mapping[str, Any], pdf: PdfReader) -> Read:
    """Return *variables*, whose references are resolved, as *task* declares that they are read.

    Raises
    ------
    FileRefused, InputTooLong, InputMissing, PersonRequired
        Each with the input's pointer and, on record, why; never with a value.
    """
    declared = task.inputs or {}
    values = dict(variables)
    passed: dict[str, Any] = {}
    record: list[dict[str, Any]] = []
    partial: dict[str, str] = {}
    for name, one in sorted(declared.items()):
        given = variables.get(name)
        shown = None if _is_blank(given) else _read(name, one, given, pdf)
        if shown is not None and shown.text.strip():
            passed[name] = given
        else:
            shown = _in_its_place(name, one)
            if one.default is None:
                partial[name] = MISSING
            elif one.kind == "value":
                passed[name] = one.default
        if shown.is_cut:
            partial[name] = CUT
        is_own = one.kind == "value" and not shown.is_cut and name in passed
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


def _read(name: str, one: Input, given: Any, pdf: PdfReader) -> _Shown:
    limits = Limits(one.max_characters, one.max_tokens)
    try:
        whole, facts, rows = _content(one, given, pdf)
    except Unreadable as problem:
        told = {"rule": RULE, "at": _at(name), "kind": one.kind, "why": str(problem.why)}
        raise FileRefused(f"{_at(name)} {problem.why}", (told,)) from None
    most = getattr(one, "max_rows", 0)
    pages, most_pages = facts.get("pages", 0), getattr(one, "max_pages", 0)
    fits = limits.hold(whole) and (rows is None or len(rows.lines) <= most) and pages <= most_pages
    if fits:
        return _Shown(whole, {**facts, "characters": len(whole)})
    if one.when_longer == "refuse":
        told = {"rule": RULE, "at": _at(name), "kind": one.kind, "why": "TOO_LONG"}
        raise InputTooLong(_at(name), ({**told, **facts, "characters": len(whole)},))
    if rows is None:
        shown, kept = cut(whole, limits), {}
    else:
        shown, number = cut_lines(rows.heading, rows.lines, limits, most)
        kept = {"rows_shown": number}
    sizes = {"characters": len(whole), "characters_shown": len(shown)}
    return _Shown(shown, {**facts, **sizes, **kept, CUT: True}, is_cut=True)


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
