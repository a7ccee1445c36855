"""Defences of declared files and records."""

from typing import Final

from tests.adversarial.switches import DOMAIN, defence, edited

INPUTS: Final = (
    defence(
        "files-by-their-form",
        "A file that is another kind of file is refused.",
        edited(
            f"{DOMAIN}.inputs.content:file_text", ("if content.startswith(_OTHERS):", "if False:")
        ),
    ),
    defence(
        "files-of-text",
        "A text file holds what texts hold.",
        edited(f"{DOMAIN}.inputs.content:file_text", ("if _NO_TEXT.search(text):", "if False:")),
    ),
    defence(
        "rows-of-one-length",
        "A row of a CSV file has a cell for each heading.",
        edited(f"{DOMAIN}.inputs.tables:csv_table", ("if len(row) != len(names):", "if False:")),
    ),
    defence(
        "columns-once",
        "A column that is there twice is none.",
        edited(f"{DOMAIN}.inputs.tables:csv_table", ("if names.count(column) > 1:", "if False:")),
    ),
    defence(
        "chosen-columns",
        "The model is shown the columns that are declared.",
        edited(
            f"{DOMAIN}.inputs.tables:csv_table",
            ("[row[place] for place in places]", "[' '.join(row) for place in places]"),
        ),
    ),
    defence(
        "chosen-part",
        "The model is shown the part of a JSON file that is declared.",
        edited(
            f"{DOMAIN}.inputs.reading:_json_part",
            ('lookup(value, one.pointer or "")', "value"),
        ),
    ),
    defence(
        "input-limits",
        "An input that is longer than declared is refused.",
        edited(
            f"{DOMAIN}.inputs.limits:Limits.hold",
            (
                "    def hold(self",
                "    def hold(self, *_):\n        return True\n\n    def _hold(self",
            ),
        ),
    ),
    defence(
        "missing-inputs",
        "Where an input is missing a person is asked, if its task says so.",
        edited(
            f"{DOMAIN}.inputs.reading:_in_its_place", ('if one.when_missing == "ask":', "if False:")
        ),
    ),
)
