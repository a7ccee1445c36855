"""What the guards cost a text, against one pass of a plain regular expression.

The texts are those of a folder's tasks, personal data and injection, each once, so bytes weigh.
The yardstick is twelve patterns as a team would write them, joined into one.
"""

import json
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from functions.core.domain.guards.injection.detector import look
from functions.core.domain.guards.personal.detector import PersonalData
from functions.core.domain.guards.secrets import find_secrets
from tests.bench.figures import Measured, Pairs, Say

ROUNDS: Final = 5
FOLDERS: Final = ("tasks", "pii", "injection")
PLAIN: Final = re.compile(
    "|".join(
        (
            r"[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+\.[A-Za-z]{2,}",
            r"\+?\d[\d ().-]{7,}\d",
            r"\b(?:\d[ -]?){13,16}\b",
            r"\b[A-Z]{2}\d{2}[A-Z0-9]{11,30}\b",
            r"\b\d{3}-\d{2}-\d{4}\b",
            r"\b(?:\d{1,3}\.){3}\d{1,3}\b",
            r"\b(?:[0-9A-Fa-f]{2}:){5}[0-9A-Fa-f]{2}\b",
            r"\bAKIA[0-9A-Z]{16}\b",
            r"\bgh[pousr]_[A-Za-z0-9]{36}\b",
            r"\beyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\b",
            r"https?://\S+",
            r"(?i:ignore (?:all )?(?:previous|prior) instructions)",
        )
    )
)


def per_kb(data: Path, say: Say) -> Measured:
    """Measure all guards, and each alone, in processor time."""
    texts = list(_texts(data))
    personal = PersonalData().find
    guards: dict[str, Callable[[str], object]] = {
        "personal_data": personal,
        "secrets": find_secrets,
        "injection": look,
    }
    pairs: dict[str, Pairs] = {name: Pairs([], []) for name in (*guards, "all")}
    for number in range(ROUNDS + 1):
        say(f"guards over {len(texts)} texts, round {number} of {ROUNDS}")
        theirs = _seconds(lambda text: [found.span() for found in PLAIN.finditer(text)], texts)
        ours = {name: _seconds(guard, texts) for name, guard in guards.items()}
        if number:  # the first imports what numbers need
            for name, taken in (*ours.items(), ("all", sum(ours.values()))):
                pairs[name].ours.append(taken)
                pairs[name].theirs.append(theirs)
    each = {name: round(pair.ratio, 3) for name, pair in pairs.items() if name != "all"}
    size = sum(len(text.encode()) for text in texts)
    told = {"each": each, "bytes": size, **pairs["all"].details("ms", 1000)}
    return Measured(round(pairs["all"].ratio, 3), told)


def _texts(data: Path) -> Iterator[str]:
    for folder in FOLDERS:
        for file in sorted((data / folder).glob("*.jsonl")):
            for line in file.read_text(encoding="utf-8").split("\n"):
                row = json.loads(line) if line.strip() else {}
                yield from (row[name] for name in ("text", "email", "value") if name in row)


def _seconds(work: Callable[[str], object], texts: list[str]) -> float:
    began = time.process_time()
    for text in texts:
        work(text)
    return time.process_time() - began
