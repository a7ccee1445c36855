"""Looks for personal data in texts whose spans are marked, and for numbers that are known to hold.

Overlap counts, whatever the kind: what is covered does not leave. A finding over a span that needs
a model (`semi`, `named`) is neither right nor wrong. Every kind is switched on, those too that
a policy has to ask for.
"""

import json
import random
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from functions.core.domain.guards.findings import Finding
from functions.core.domain.guards.personal.checksums import standard
from functions.core.domain.guards.personal.detector import KINDS, PersonalData
from functions.core.domain.guards.personal.labelled import SCHEMES

FIGURES: Final = (
    "pii_recall",
    "pii_precision",
    "pii_characters_left",
    "pii_rows_touched",
    "ids_and_phones",
    "non_numbers_accepted",
)
NON_NUMBERS: Final = 400
_SEED: Final = 6


def spans(data: Path) -> dict[str, Any]:
    """Return recall, precision, what is left and what was touched in vain, in all and by kind."""
    found: Counter[str] = Counter()
    missed: Counter[str] = Counter()
    marked: Counter[str] = Counter()
    detector = PersonalData(KINDS)
    for row in _rows(sorted((data / "pii").glob("presidio_*.jsonl"))):
        findings = detector.find(row["text"])
        structured = [s for s in row["spans"] if s["tier"] == "structured"]
        for span in structured:
            marked[span["type"]] += 1
            missed[span["type"]] += not any(_overlap(f, span) for f in findings)
            found["characters"] += span["end"] - span["start"]
            found["left"] += _uncovered(span, findings)
        for finding in findings:
            found["right"] += any(_overlap(finding, span) for span in structured)
            found["wrong"] += not any(_overlap(finding, span) for span in row["spans"])
        if not row["spans"]:
            found["rows without"] += 1
            found["rows touched"] += bool(findings)
    total = marked.total()
    return {
        "pii_recall": _share(total - missed.total(), total),
        "pii_precision": _share(found["right"], found["right"] + found["wrong"]),
        "pii_characters_left": _share(found["left"], found["characters"]),
        "pii_rows_touched": found["rows touched"] if found["rows without"] else None,
        "details": {
            "rows_without_spans": found["rows without"],
            "recall": {kind: _share(n - missed[kind], n) for kind, n in sorted(marked.items())},
        },
    }


def numbers(data: Path) -> dict[str, Any]:
    """Return the share of numbers judged right, and of generated non-numbers that were accepted.

    A number of a scheme that says something of a person or a firm is looked for in a text that
    names the scheme; of the others (books, ships, accounts of meters) only the check is made.
    Telephone numbers stand alone, for a policy that names their region.
    """
    files = [data / "pii" / "id_numbers.jsonl", data / "pii" / "phones.jsonl"]
    ids, phones = (list(_rows([file])) for file in files)
    wrong = [f"{r['scheme']} {r['value']}" for r in ids if _holds(r) != r["valid"]]
    wrong += [f"{r['region']} {r['value']}" for r in phones if not _is_phone(r)]
    rows = len(ids) + len(phones)
    accepted = _accepted(ids, phones) if rows else []
    return {
        "ids_and_phones": _share(rows - len(wrong), rows),
        "non_numbers_accepted": _share(len(accepted), NON_NUMBERS) if rows else None,
        "details": {"rows": rows, "wrong": wrong, "accepted": accepted},
    }


def _holds(row: Mapping[str, Any]) -> bool:
    scheme = row["scheme"]
    if scheme not in SCHEMES:
        return standard(scheme)(row["value"])
    return _is_found(scheme, row["value"])


def _is_found(scheme: str, value: str) -> bool:
    country, _, name = scheme.replace("_", "").upper().partition(".")
    text = f"{country} {name}: {value.strip()}"
    return any(f.rule == scheme for f in PersonalData(KINDS).find(text))


def _is_phone(row: Mapping[str, Any]) -> bool:
    return bool(PersonalData(("phone",), (row["region"],)).find(row["value"]))


def _accepted(ids: list[dict[str, Any]], phones: list[dict[str, Any]]) -> list[str]:
    """Return which of the generated non-numbers were taken for numbers.

    Half are numbers with one digit changed, of schemes with a check digit; half are figures of a
    business text, read with the numbering plan of some region.
    """
    chance = random.Random(_SEED)
    checked = [r for r in ids if r["valid"] and r["scheme"] in SCHEMES and _has_check(r)]
    accepted = []
    for _ in range(NON_NUMBERS // 2):
        row = chance.choice(checked)
        value = _changed(row["value"], chance)
        if _is_found(row["scheme"], value):
            accepted.append(f"{row['scheme']} {value}")
    for _ in range(NON_NUMBERS - NON_NUMBERS // 2):
        region, text = chance.choice(phones)["region"], _business(chance)
        if PersonalData(("phone",), (region,)).find(text):
            accepted.append(f"{region} {text}")
    return accepted


def _has_check(row: Mapping[str, Any]) -> bool:
    """Say whether a changed digit is noticed, so that such a number is none."""
    changes = [_changed(row["value"], random.Random(seed)) for seed in range(24)]
    return not any(standard(row["scheme"])(change) for change in changes)


def _changed(value: str, chance: random.Random) -> str:
    place = chance.choice([at for at, char in enumerate(value) if char.isdigit()])
    other = chance.choice([digit for digit in "0123456789" if digit != value[place]])
    return value[:place] + other + value[place + 1 :]


def _business(chance: random.Random) -> str:
    """Return a text with a figure in each place; `9` to `9999...` stand for any of as many."""
    shape = chance.choice(
        (
            "Order 99999999 of 2026-0{m}-1{m}",
            "Invoice 99999-99 over 9999.99",
            "9999 units at 99.99, batch 99999999",
            "1{m}.0{m}.202{m}",
            "version 9.99.9999",
            "9,999,999.99",
            "Ticket #99999999 was closed",
            "from 201{m} to 202{m}, pages 99-999",
            "ISBN 978-9-999999-99-9",
            "9999",
        )
    ).replace("{m}", str(chance.randint(1, 6)))
    return "".join(str(chance.randint(1, 9)) if char == "9" else char for char in shape)


def _overlap(finding: Finding, span: Mapping[str, Any]) -> bool:
    return bool(finding.start < span["end"] and span["start"] < finding.end)


def _uncovered(span: Mapping[str, Any], findings: Any) -> int:
    places = set(range(span["start"], span["end"]))
    for finding in findings:
        places -= set(range(finding.start, finding.end))
    return len(places)


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def _rows(files: list[Path]) -> Iterator[dict[str, Any]]:
    for file in files:
        if file.is_file():
            for line in file.read_text(encoding="utf-8").split("\n"):
                if line.strip():
                    yield json.loads(line)
