"""Declared inputs: how a variable is read, how long it may be, and what is done where it is not.

The schema of the variables says what a caller passes; an input says what the model is shown of
it. A variable without an input is shown as it is, as long as the policy lets a prompt be.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal, Self

from pydantic import Discriminator, Field, StringConstraints, Tag, model_validator

from functions.core.domain.documents import (
    UNSAID,
    Document,
    Pointer,
    Schema,
    Text,
    require_unique,
)

FILE: Final = "base64"
"""The key of the object that brings a file's bytes: `{"base64": "…"}`."""
FEWEST: Final = 64
"""Characters or tokens: a smaller limit could not hold the mark of a cut."""
MOST_CHARACTERS: Final = 2_000_000
MOST_ROWS: Final = 50_000
MOST_PAGES: Final = 2_000
MOST_PDFS: Final = 2
"""Of a task: each may take 12 seconds, and prepare_call has 30."""

Heading = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Headings = Annotated[tuple[Heading, ...], Field(min_length=1, max_length=100)]
Shape = Literal["table", "lines"]
"""A table with a heading, or a JSON object a line."""


class _Input(Document):
    max_characters: Annotated[int, Field(ge=FEWEST, le=MOST_CHARACTERS)]
    """Of the text that the model is shown."""
    max_tokens: Annotated[Annotated[int, Field(ge=FEWEST, le=MOST_CHARACTERS)] | None, UNSAID] = (
        None
    )
    """Of the same, by a bound that no tokenizer goes over."""
    when_longer: Literal["refuse", "truncate", "chunk"] = "refuse"
    """`chunk`: the step says how many parts there are, and each is asked about in its own step."""
    when_missing: Literal["refuse", "ask", "partial"] = "refuse"
    """Absent, null, or without any text in it."""
    default: Annotated[Any, UNSAID] = None
    """What stands in for it where it is missing."""

    @model_validator(mode="after")
    def _has_one_way(self) -> Self:
        if self.default is not None and self.when_missing != "refuse":
            raise ValueError("when_missing: a default stands in already")
        return self

    @property
    def may_lack(self) -> bool:
        """Whether a call goes on, or asks a person, where it is missing."""
        return self.default is not None or self.when_missing != "refuse"


class ValueInput(_Input):
    """A variable as its schema types it, with a limit of its own."""

    kind: Literal["value"] = "value"


class _File(_Input):
    default: Annotated[Text | None, UNSAID] = None


class TextInput(_File):
    """A text file: UTF-8, UTF-16 with its mark, or Windows-1252."""

    kind: Literal["text"]


class JsonInput(_File):
    """A JSON file, or the part of it that *pointer* names."""

    kind: Literal["json"]
    pointer: Annotated[Pointer | None, UNSAID] = None


class PdfInput(_File):
    """The text of a PDF's pages."""

    kind: Literal["pdf"]
    max_pages: Annotated[int, Field(ge=1, le=MOST_PAGES)] = 100


class _Rows(_File):
    max_rows: Annotated[int, Field(ge=1, le=MOST_ROWS)] = 1_000
    shape: Shape = "table"


class CsvInput(_Rows):
    """Columns of a CSV file, chosen by their headings."""

    kind: Literal["csv"]
    columns: Headings
    delimiter: Literal[",", ";", "\t", "|"] = ","

    @model_validator(mode="after")
    def _names_each_once(self) -> Self:
        require_unique(self.columns, "columns")
        return self


class RecordsInput(_Rows):
    """Fields of a list of objects."""

    kind: Literal["records"]
    fields: Headings

    @model_validator(mode="after")
    def _names_each_once(self) -> Self:
        require_unique(self.fields, "fields")
        return self


def _kind_of(declared: Any) -> str:
    told = declared.get("kind", "value") if isinstance(declared, Mapping) else declared.kind
    return f"({told})"


Input = Annotated[
    Annotated[ValueInput, Tag("(value)")]
    | Annotated[TextInput, Tag("(text)")]
    | Annotated[CsvInput, Tag("(csv)")]
    | Annotated[JsonInput, Tag("(json)")]
    | Annotated[PdfInput, Tag("(pdf)")]
    | Annotated[RecordsInput, Tag("(records)")],
    Discriminator(
        _kind_of,
        custom_error_type="kind",
        custom_error_message="kind is value, text, csv, json, pdf or records",
    ),
]
"""One of them. Tags are in brackets so that an error's place is the key in the file."""

_FORMS: Final = {"records": {"array"}}
_FILE_FORMS: Final = {"string", "object"}


def require_go_together(inputs: Mapping[str, Input]) -> None:
    """Refuse what a task can't declare of several inputs at once.

    Two in parts: a part's number would name a pair. More PDFs than a function has time to read.
    """
    papers = sorted(name for name, one in inputs.items() if one.kind == "pdf")
    if len(papers) > MOST_PDFS:
        raise ValueError(f"inputs.{papers[MOST_PDFS]}.kind: a task reads {MOST_PDFS} PDFs at most")
    chunked = sorted(name for name, one in inputs.items() if one.when_longer == "chunk")
    if len(chunked) > 1:
        raise ValueError(f"inputs.{chunked[1]}.when_longer: {chunked[0]!r} is in parts already")


def require_input_fits(name: str, declared: Input, variables: Schema) -> None:
    """Refuse an input that its variable's schema contradicts; the error names the key."""
    key = f"inputs.{name}"
    part = variables.get("properties", {}).get(name)
    if part is None:
        raise ValueError(f"{key}: no property {name!r} in variables.schema.json")
    if not isinstance(part, dict):
        part = {}
    if declared.may_lack and name in variables.get("required", ()):
        told = "default" if declared.default is not None else "when_missing"
        raise ValueError(f"{key}.{told}: the schema requires {name!r}, so it is never missing")
    types = part.get("type", [])
    found = {types} if isinstance(types, str) else set(types)
    if declared.kind == "value":
        if declared.when_longer != "refuse" and found != {"string"}:
            raise ValueError(f"{key}.when_longer: only a text can be cut")
        return
    if part.keys() & {"enum", "const"} or part.get("x-untrusted") is False:
        raise ValueError(f"{key}.kind: what stands in a file is never trusted or bounded to words")
    wanted = _FORMS.get(declared.kind, _FILE_FORMS)
    if not found or found - wanted:
        told = " or ".join(sorted(wanted, reverse=True))
        raise ValueError(f"{key}.kind: the schema's type of {name!r} is {told} for it")
