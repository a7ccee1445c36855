# ruff: noqa: E501 - a table reads best with a case a line
"""Each kind of input is read as declared, and what is no honest file is refused by name."""

import json
from typing import Any

import pytest

from functions.core.adapters.pdf_process import read_pdf
from functions.core.domain.ai_tasks import AiTask
from functions.core.domain.errors import (
    FileRefused,
    InputInParts,
    InputMissing,
    InputTooLong,
    PersonRequired,
    VariablesRejected,
)
from functions.core.domain.inputs.content import MAX_FILE_BYTES, Unreadable, Why
from functions.core.domain.inputs.limits import MARK
from functions.core.domain.inputs.reading import NOT_PROVIDED, Read, read_inputs
from tests.stage import TASK
from tests.unit.inputs.files import bomb, locked, many_pages, pdf, sent, slow

ORDERS = 'id;amount;note\n1;9.50;late\n2;3;"two;\nlines | a bar"\n'
CSV = {"kind": "csv", "columns": ["id", "note"], "delimiter": ";"}
SECRETIVE = "canary-word"
"""Stands in every hostile file; no error repeats it."""


def task_of(declared: dict[str, Any], type_: Any = ("string", "object")) -> AiTask:
    """Return a task with one input, `paper`."""
    types = list(type_) if isinstance(type_, tuple) else type_
    variables = {"type": "object", "properties": {"paper": {"type": types}}}
    changed = {"user": "{{ paper }}", "variables_schema": variables}
    limits = {"max_characters": 5_000, **declared}
    return AiTask.model_validate(TASK | changed | {"inputs": {"paper": limits}})


def read(value: Any, /, type_: Any = ("string", "object"), **declared: Any) -> Read:
    """Return what *value* is read as."""
    given = {} if value is ... else {"paper": value}
    return read_inputs(task_of(declared, type_), given, read_pdf)


def why(value: Any, /, type_: Any = ("string", "object"), **declared: Any) -> str:
    """Return why *value* is refused."""
    with pytest.raises(FileRefused) as refused:
        read(value, type_, **declared)

    [record] = refused.value.record
    assert str(refused.value) == f"/paper {record['why']}"
    assert SECRETIVE not in repr(refused.value)
    return str(record["why"])


@pytest.mark.parametrize(
    ("content", "encoding", "text"),
    [
        ("Grüße".encode(), "utf-8", "Grüße"),
        ("Grüße".encode("utf-8-sig"), "utf-8", "Grüße"),
        (b"\xff\xfe" + "Grüße €".encode("utf-16-le"), "utf-16-le", "Grüße €"),
        (b"\xfe\xff" + "Grüße €".encode("utf-16-be"), "utf-16-be", "Grüße €"),
        ("Grüße €".encode("cp1252"), "cp1252", "Grüße €"),
        ("Grüße".encode("latin-1"), "cp1252", "Grüße"),
        (b"a\r\nb\rc", "utf-8", "a\nb\nc"),
    ],
)
def test_a_text_is_read_in_the_encoding_it_was_written_in(content: bytes, encoding: str, text: str):
    """UTF-8, UTF-16 with a mark, and the Western code page; the record says which."""
    found = read(sent(content), kind="text")

    assert found.values == {"paper": text}
    [record] = found.record
    assert record == {
        "rule": "input",
        "at": "/paper",
        "kind": "text",
        "bytes": len(content),
        "encoding": encoding,
        "characters": len(text),
    }


def test_a_text_may_come_as_one():
    """What is a string already needs no base64."""
    assert read("as it is", kind="text").values == {"paper": "as it is"}


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ({"base64": f"{SECRETIVE}!"}, "NOT_BASE64"),
        ({"base64": "YQ==", "name": SECRETIVE}, "NOT_A_FILE"),
        ({"base64": 7}, "NOT_A_FILE"),
        ([SECRETIVE], "NOT_A_FILE"),
        (sent(b"PK\x03\x04" + SECRETIVE.encode()), "NOT_TEXT"),
        (sent(pdf(SECRETIVE)), "NOT_TEXT"),
        (sent(SECRETIVE.encode() + b"\x00"), "NOT_TEXT"),
        (sent(b"\x81\x8d" + SECRETIVE.encode()), "NOT_TEXT"),
        (sent(b"\xff\xfe" + SECRETIVE.encode()), "NOT_TEXT"),
        (f"{SECRETIVE}\x1b[2J", "NOT_TEXT"),
        ("a" * (MAX_FILE_BYTES + 1), "TOO_LARGE"),
        ({"base64": "A" * (2 * MAX_FILE_BYTES + 1)}, "TOO_LARGE"),
    ],
)
def test_what_is_no_text_file_is_refused_by_name(value: Any, reason: str):
    """Archives, PDFs, controls, broken encodings, what is no base64, and too much of it."""
    assert why(value, kind="text") == reason


def test_the_declared_columns_of_a_csv_are_shown():
    """In the declared order; a cell stays on its line, and a bar in it is no border."""
    found = read(sent(ORDERS.encode()), **CSV)

    assert found.values["paper"] == "id | note\n1 | late\n2 | two; lines \\| a bar"
    assert found.record[0]["rows"] == 2


def test_a_csv_may_be_shown_as_json_lines():
    """Each row then says the names of its columns."""
    found = read(ORDERS, **CSV, shape="lines")

    rows = [json.loads(line) for line in found.values["paper"].split("\n")]
    assert rows == [{"id": "1", "note": "late"}, {"id": "2", "note": "two;\nlines | a bar"}]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (f"id,note\n1,{SECRETIVE}\n", "NO_SUCH_COLUMN"),
        (f"<html><body>{SECRETIVE}</body></html>", "NO_SUCH_COLUMN"),
        (f"id;note;id\n1;{SECRETIVE};1\n", "SAME_COLUMN_TWICE"),
        (f"id;note\n1;{SECRETIVE};3\n", "UNEVEN_ROWS"),
        (f"id;note\n{SECRETIVE}\n", "UNEVEN_ROWS"),
        (f'id;note\n1;"{SECRETIVE}', "NOT_CSV"),
        (f'id;note\n1;"{SECRETIVE}" x\n', "NOT_CSV"),
        (f"id;note\n1;{'x' * 140_000}{SECRETIVE}\n", "NOT_CSV"),
        ("id;note;" + ";".join(map(str, range(10_000))), "TOO_MANY_COLUMNS"),
        ("id;note\n" + "1;2\n" * 200_001, "TOO_MANY_ROWS"),
    ],
)
def test_what_is_no_such_csv_is_refused_by_name(text: str, reason: str):
    """Other columns, columns twice, ragged rows, open quotes, and more than anybody reads."""
    assert why(text, **CSV) == reason


def test_the_part_of_a_json_file_that_its_pointer_names_is_shown():
    """Integers stay exact, and nothing else of the file is sent."""
    text = '{"items": [{"n": 12345678901234567890}], "other": "' + SECRETIVE + '"}'
    found = read(text, kind="json", pointer="/items")

    assert found.values["paper"] == '[{"n": 12345678901234567890}]'


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (f'{{"a": "{SECRETIVE}", "a": 1}}', "NOT_JSON"),
        (f'{{"a": NaN, "b": "{SECRETIVE}"}}', "NOT_JSON"),
        (f'{{"a": 1e999, "b": "{SECRETIVE}"}}', "NOT_JSON"),
        ("[" * 10_000 + "]" * 10_000, "NOT_JSON"),
        (f"<html>{SECRETIVE}</html>", "NOT_JSON"),
        (f'{{"a": 1}} {SECRETIVE}', "NOT_JSON"),
        (f'{{"b": "{SECRETIVE}"}}', "NOTHING_AT_POINTER"),
    ],
)
def test_what_is_no_such_json_is_refused_by_name(text: str, reason: str):
    """NaN, a key twice, depth, HTML, something behind it, and nothing where it should be."""
    assert why(text, kind="json", pointer="/a") == reason


def test_the_pages_of_a_pdf_are_shown_as_text():
    """A page after the other, with the number of pages on record."""
    found = read(sent(pdf("Page one.", "Page two.")), kind="pdf")

    assert found.values["paper"] == "Page one.\n\nPage two."
    assert found.record[0]["pages"] == 2


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (f"<html>{SECRETIVE}</html>".encode(), "NOT_PDF"),
        (b"%PDF-1.7\n" + SECRETIVE.encode(), "BROKEN_PDF"),
        (pdf(SECRETIVE)[:200], "BROKEN_PDF"),
        (b"%PDF-1.4\n1 0 obj\n" + b"[" * 100_000, "BROKEN_PDF"),
        (locked(), "ENCRYPTED"),
        (many_pages(2_001), "TOO_MANY_PAGES"),
        (bomb(), "EXPLODES"),
    ],
)
def test_what_is_no_honest_pdf_is_refused_by_name(content: bytes, reason: str):
    """Another kind of file, a cut one, a locked one, one with no end, one that unpacks to 400 MB."""
    assert why(sent(content), kind="pdf") == reason


def test_a_pdf_that_keeps_the_processor_busy_is_ended():
    """Its process has a bound on processor time, and ours goes on."""
    with pytest.raises(Unreadable) as refused:
        read_pdf(slow(), 1, seconds=1)

    assert refused.value.why is Why.TOOK_TOO_LONG


def test_the_declared_fields_of_records_are_shown():
    """As a table; what a record lacks is empty, what is no text is JSON."""
    records = [{"at": "10:00", "who": "Ann", "x": 1}, {"at": "10:05", "tags": ["a"]}]
    declared = {"kind": "records", "fields": ["at", "who", "tags"]}
    found = read(records, "array", **declared)

    assert found.values["paper"] == 'at | who | tags\n10:00 | Ann | \n10:05 |  | ["a"]'
    assert read(records, "array", **declared, shape="lines").values["paper"].startswith('{"at"')


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ({"a": SECRETIVE}, "NOT_RECORDS"),
        ([{"a": 1}, SECRETIVE], "NOT_RECORDS"),
        ([{"a": 1}] * 200_001, "TOO_MANY_ROWS"),
    ],
)
def test_what_are_no_such_records_is_refused_by_name(value: Any, reason: str):
    """Another value, one among them, and too many."""
    assert why(value, "array", kind="records", fields=["a"]) == reason


@pytest.mark.parametrize(
    ("value", "type_", "declared"),
    [
        ("ä" * 101, "string", {"kind": "value", "max_characters": 100}),
        ("ä" * 51, "string", {"kind": "value", "max_tokens": 100}),
        (sent(b"x" * 101), "object", {"kind": "text", "max_characters": 100}),
        (ORDERS, "string", {**CSV, "max_rows": 1}),
        ([{"a": 1}] * 2, "array", {"kind": "records", "fields": ["a"], "max_rows": 1}),
        (sent(pdf("a", "b")), "object", {"kind": "pdf", "max_pages": 1}),
        (list(range(99)), "array", {"kind": "value", "max_characters": 100}),
    ],
)
def test_what_is_longer_than_declared_is_refused(value: Any, type_: str, declared: dict[str, Any]):
    """Characters, tokens by their upper bound, rows, pages; unless the task says otherwise."""
    with pytest.raises(InputTooLong) as refused:
        read(value, type_, **declared)

    assert refused.value.record[0]["why"] == "TOO_LONG"


@pytest.mark.parametrize(
    ("value", "type_", "declared", "shown"),
    [
        ("ä" * 200, "string", {"max_characters": 100}, "ä" * 66 + "\n" + MARK),
        ("ä" * 200, "string", {"max_tokens": 100}, "ä" * 33 + "\n" + MARK),
        (ORDERS, "string", {**CSV, "max_rows": 1}, "id | note\n1 | late\n" + MARK),
        (sent(pdf("a", "b")), "object", {"kind": "pdf", "max_pages": 1}, "a\n" + MARK),
    ],
)
def test_what_is_truncated_says_so(value: Any, type_: str, declared: dict[str, Any], shown: str):
    """To the model by a mark and a notice, on record by numbers; mark included, the limit holds."""
    found = read(value, type_, **declared, when_longer="truncate")

    assert found.values["paper"] == shown
    assert found.partial == {"paper": "cut"}
    assert found.record[0]["cut"] is True
    assert found.record[0]["characters_shown"] == len(shown)
    assert "only the beginning of `paper` is shown" in found.notice


def test_a_table_is_cut_between_rows():
    """As many as fit, each whole; where not even one fits, the beginning of the first."""
    rows = [{"a": "x" * 10}] * 50
    declared = {"kind": "records", "fields": ["a"], "when_longer": "truncate"}
    found = read(rows, "array", **declared, max_characters=100)

    assert found.values["paper"].split("\n") == ["a", *["x" * 10] * 5, MARK]
    assert found.record[0]["rows_shown"] == 5
    one = read([{"a": "x" * 500}], "array", **declared, max_characters=100)
    assert len(one.values["paper"]) == 100
    assert one.values["paper"].endswith(MARK)


@pytest.mark.parametrize("value", [..., None, "", "  \n", sent(b""), sent(b" \n"), sent(pdf(""))])
def test_what_has_no_text_in_it_is_missing(value: Any):
    """Absent, null, empty, blank, or a PDF of pictures alone: refused unless declared otherwise."""
    kind = "pdf" if value == sent(pdf("")) else "text"
    with pytest.raises(InputMissing) as refused:
        read(value, kind=kind)

    assert refused.value.record[0] == {
        "rule": "input",
        "at": "/paper",
        "kind": kind,
        "why": "MISSING",
    }


@pytest.mark.parametrize(
    ("value", "kind"), [("id;note\n", CSV), ("[]", {"kind": "json"}), ("null", {"kind": "json"})]
)
def test_a_file_without_data_is_missing(value: str, kind: dict[str, Any]):
    """A heading without a row, an empty list."""
    assert read(value, **kind, when_missing="partial").partial == {"paper": "missing"}


def test_a_missing_input_may_go_to_a_person():
    """The step ends as what a person has to look at."""
    with pytest.raises(PersonRequired):
        read(..., kind="text", when_missing="ask")


def test_a_missing_input_may_have_a_default():
    """It stands in, and the answer is whole."""
    found = read(None, kind="text", default="No history.")

    assert (found.values["paper"], found.partial) == ("No history.", {})
    assert found.record[0]["default"] is True
    number = read(..., "integer", kind="value", default=7)
    assert (number.values, number.passed) == ({"paper": 7}, {"paper": 7})


def test_a_missing_input_may_be_gone_without():
    """A mark stands for it, the model is told, and the record says partial."""
    found = read(..., kind="text", when_missing="partial")

    assert found.values == {"paper": NOT_PROVIDED}
    assert found.partial == {"paper": "missing"}
    assert "`paper` was not provided" in found.notice
    assert found.passed == {}


def test_a_value_within_its_limit_stays_what_it_is():
    """A number stays one, for templates that count with it."""
    assert read(7, "integer", kind="value").values == {"paper": 7}


def in_parts(value: Any, type_: str, number: int, **declared: Any) -> list[str]:
    """Return the texts of all parts of *value*, which are that many."""
    task = task_of({**declared, "when_longer": "chunk"}, type_)
    with pytest.raises(InputInParts) as told:
        read_inputs(task, {"paper": value}, read_pdf)
    assert told.value.parts == number
    found = [read_inputs(task, {"paper": value}, read_pdf, n + 1) for n in range(number)]
    assert [one.partial for one in found] == [
        {"paper": f"part {n + 1} of {number}"} for n in range(number)
    ]
    assert f"only part 1 of {number} of `paper` is shown" in found[0].notice
    return [one.values["paper"] for one in found]


@pytest.mark.parametrize(
    ("text", "declared"),
    [
        ("one line of words\n" * 40, {"max_characters": 100}),
        ("word " * 100, {"max_characters": 99}),
        ("ä" * 300, {"max_characters": 5_000, "max_tokens": 101}),
    ],
)
def test_a_text_is_asked_about_in_parts(text: str, declared: dict[str, Any]):
    """Nothing is lost or said twice, each part is within the limits, and ends where a line does."""
    found = in_parts(text, "string", 8 if "line" in text else 6, **declared)

    assert "".join(found) == text
    assert all(len(part) <= declared["max_characters"] for part in found)
    assert all(len(part.encode()) <= declared.get("max_tokens", 5_000) for part in found)
    assert all(part[-1] in "\n ä" for part in found)


def test_a_table_is_asked_about_in_parts():
    """Whole rows, each part under the heading."""
    rows = [{"a": f"{n}"} for n in range(5)]
    found = in_parts(rows, "array", 3, kind="records", fields=["a"], max_rows=2)

    assert found == ["a\n0\n1", "a\n2\n3", "a\n4"]


@pytest.mark.parametrize(
    ("value", "declared"),
    [
        ("word " * 2_000, {"max_characters": 64}),
        ([{"a": "x" * 500}], {"kind": "records", "fields": ["a"], "max_characters": 100}),
        ([{"a": "x"}] * 150_000, {"kind": "records", "fields": ["a"], "max_characters": 64}),
        ("a" * 7_000_000, {"max_characters": 64}),
        (sent(pdf("a", "b")), {"kind": "pdf", "max_pages": 1}),
    ],
)
def test_what_no_parts_can_be_made_of_is_too_long(value: Any, declared: dict[str, Any]):
    """More than a hundred, a row over the limit, pages that nobody reads."""
    types = {str: "string", list: "array", dict: "object"}
    with pytest.raises(InputTooLong):
        read(value, types[type(value)], **declared, when_longer="chunk")


def test_a_part_that_there_is_not_is_refused():
    """Beyond the last, before the first, and where nothing is asked about in parts."""
    task = task_of({"when_longer": "chunk", "max_characters": 100}, "string")
    for part in (0, 4):
        with pytest.raises(VariablesRejected, match="/paper has 3 parts"):
            read_inputs(task, {"paper": "a" * 250}, read_pdf, part)
    assert read_inputs(task, {"paper": "a"}, read_pdf, 1).values == {"paper": "a"}
    with pytest.raises(VariablesRejected, match="no input that is asked about in parts"):
        read_inputs(task_of({"kind": "text"}), {"paper": "a"}, read_pdf, 1)
