"""Judges values by the validator that answers are checked with, and compares with the suite.

A row of `structured/jsts_draft2020-12.jsonl` is a group of the JSON-Schema-Test-Suite: `schema`
and `tests` of `data` and `valid`. Our draft is 2020-12, so other drafts are not read.
"""

import json
from pathlib import Path
from typing import Final

from functions.core.domain.schemas import Validator
from tests.quality.agreement import Agreement

SUITE: Final = Path("structured/jsts_draft2020-12.jsonl")
FORMATS: Final = "/format.json"
"""Says that formats are annotations by default; here they are checks."""


def suite(data: Path) -> Agreement:
    """Judge each value of the suite below *data*."""
    found = Agreement()
    file = data / SUITE
    text = file.read_text(encoding="utf-8").strip() if file.is_file() else ""
    for line in text.split("\n") if text else ():  # lines end here alone, not at U+2028
        group = json.loads(line)
        left_out = "a schema from the network" if group["needs_remote"] else ""
        left_out = left_out or ("formats as annotations" if group["file"].endswith(FORMATS) else "")
        for case in group["tests"]:
            found.rows += 1
            if left_out:
                found.refused[left_out] += 1
            elif (seen := _judged(group["schema"], case["data"])) != case["valid"]:
                found.wrong.append(f"{group['file']}: {case['description']}: {seen}")
    return found


def _judged(schema: object, value: object) -> object:
    try:
        return Validator(schema).accepts(value)  # type: ignore[arg-type]  # true and false are too
    except ValueError as problem:
        return str(problem)
