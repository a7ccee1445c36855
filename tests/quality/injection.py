"""Injection: how many attacks are seen, at which price, what each layer adds; and the weights.

    python -m tests.quality.injection --data DIR [--fit]

The weights are those that make the marked rows most likely, starting from what their author
thought of each sign (a Gaussian prior around `PRIORS`; none may fall below zero, since a sign is
never a reason to trust). Figures over the same rows flatter: `cross_validated` fits ten times
without the tenth that is judged, and says what is left. The signs themselves were written with an
eye on the rows, which no cross-validation takes back.
"""

import argparse
import json
import random
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import exp
from pathlib import Path
from typing import Any, Final

from functions.core.domain.guards.injection import weights
from functions.core.domain.guards.injection.detector import LAYERS, features
from tests.quality.agreement import Agreement

ROWS: Final = Path("injection/injection.jsonl")
TRAPS: Final = "over_defense_trap"
THRESHOLD: Final = 0.5
FOLDS: Final = 10
ROUNDS: Final = 200
PRIOR_BIAS: Final = -3.0
TIGHT: Final = 0.35
"""How far from its prior a weight moves without much reason: its standard deviation is 1/sqrt."""
PRIORS: Final = {
    "another_task": 1.5,
    "be_somebody": 0.5,
    "call_of_a_tool": 4.5,
    "data_leaves_in_a_link": 4.5,
    "decode_and_obey": 2.0,
    "encoded_order": 4.5,
    "end_of_the_data": 3.6,
    "from_now_on": 0.8,
    "hidden_in_a_comment": 4.5,
    "hidden_message": 5.0,
    "labelled_answers": 1.2,
    "line_of_a_chat": 2.0,
    "model_has_to": 1.0,
    "model_is_addressed": 0.9,
    "model_reads_it": 2.5,
    "model_without_limits": 1.5,
    "name_of_a_jailbreak": 1.0,
    "never_refuse": 0.3,
    "no_rules": 0.8,
    "nobody_is_told": 2.0,
    "note_to_a_model": 2.5,
    "nothing_else": 1.0,
    "order_to_show": 2.0,
    "override_rules": 2.0,
    "override_the_matter": 1.0,
    "override_what_came_before": 3.8,
    "override_yours": 3.5,
    "place_for_a_prompt": 1.0,
    "role_of_a_chat": 4.2,
    "rules_are_void": 1.5,
    "several_families": 0.8,
    "show_what_came_before": 1.8,
    "show_your_own": 1.0,
    "stay_so": 0.6,
    "tell_a_secret": 0.5,
    "told_is_void": 3.5,
    "unleashed": 1.0,
    "what_nobody_is_shown": 2.4,
    "what_you_were_told": 2.4,
    "show_yours": 2.0,
    "something_else": 0.8,
    "without_limits": 0.3,
    "word_for_word": 1.0,
    "your_tools": 0.8,
}

Model = tuple[float, Mapping[str, float]]


@dataclass(frozen=True)
class Row:
    """One marked text, and what is found in it."""

    id: str
    attack: bool
    kind: str
    hard: bool
    text: str
    found: Mapping[str, float]


def rows(data: Path) -> list[Row]:
    """Return the rows of *data*; none where it has no such file."""
    file = data / ROWS
    if not file.is_file():
        return []
    lines = [line for line in file.read_text(encoding="utf-8").split("\n") if line.strip()]
    return [_row(number, json.loads(line)) for number, line in enumerate(lines, 1)]


def _row(number: int, row: dict[str, Any]) -> Row:
    attack = row["label"] == "attack"
    id_ = f"{ROWS.name}:{number} ({row['kind']})"
    return Row(id_, attack, row["kind"], row["hard"], row["text"], features(row["text"]))


def figures(data: Path) -> dict[str, Agreement]:
    """Return what is measured: recall, recall of the hard ones, false positives, traps.

    `share` of the last two is the share that passed, so `1 - share` is the rate.
    """
    known = rows(data)
    return {
        "injection_recall": _judged(r for r in known if r.attack and not r.hard),
        "injection_recall_hard": _judged(r for r in known if r.attack and r.hard),
        "injection_benign_passed": _judged(r for r in known if not r.attack),
        "injection_traps_passed": _judged(r for r in known if r.kind == TRAPS),
    }


def _judged(known: Iterator[Row]) -> Agreement:
    found = Agreement()
    for row in known:
        found.rows += 1
        score = _score(row.found, (weights.BIAS, weights.WEIGHTS))
        if (score >= THRESHOLD) != row.attack:
            found.wrong.append(f"{row.id}: {score:.2f}")
    return found


def ablation(data: Path) -> list[tuple[str, float, float]]:
    """Return (layers, recall, false positives): each layer alone, all but each, and all."""
    known = rows(data)
    sets = [(name, (name,)) for name in LAYERS]
    sets += [(f"all but {name}", tuple(x for x in LAYERS if x != name)) for name in LAYERS]
    found = []
    for name, layers in [*sets, ("all", LAYERS)]:
        seen = [(row, features(row.text, layers)) for row in known if not row.hard]
        found.append((name, *_rates(seen, (weights.BIAS, weights.WEIGHTS))))
    return found


def fit(known: Sequence[Row]) -> Model:
    """Return bias and weights under which the marks of *known* are most likely.

    Each step is Newton's for one weight, held back by the weights that move with it, so it
    settles however many rows there are.
    """
    bias, of = PRIOR_BIAS, dict(PRIORS)
    alike = Counter((row.attack, tuple(sorted(row.found.items()))) for row in known)
    for _ in range(ROUNDS):
        slope = {name: TIGHT * (of[name] - PRIORS[name]) for name in of}
        bend = dict.fromkeys(of, TIGHT)
        slope_bias, bend_bias = TIGHT * (bias - PRIOR_BIAS), TIGHT
        for (attack, found), rows_alike in alike.items():
            score = _score(dict(found), (bias, of))
            off = (score - attack) * rows_alike
            unsure = score * (1 - score) * rows_alike * (1 + sum(value for _, value in found))
            slope_bias += off
            bend_bias += unsure
            for name, value in found:
                slope[name] += off * value
                bend[name] += unsure * value
        bias -= slope_bias / bend_bias
        of = {name: max(0.0, of[name] - slope[name] / bend[name]) for name in of}
    return bias, of


def cross_validated(known: Sequence[Row], seed: int = 1) -> tuple[float, float]:
    """Return recall and false positives where each row is judged by weights fitted without it."""
    order = list(known)
    random.Random(seed).shuffle(order)
    judged: list[tuple[Row, float]] = []
    for fold in range(FOLDS):
        model = fit([row for at, row in enumerate(order) if at % FOLDS != fold])
        judged += [(row, _score(row.found, model)) for row in order[fold::FOLDS]]
    return _shares([(row, score >= THRESHOLD) for row, score in judged])


def _rates(seen: Sequence[tuple[Row, Mapping[str, float]]], model: Model) -> tuple[float, float]:
    return _shares([(row, _score(found, model) >= THRESHOLD) for row, found in seen])


def _shares(judged: Sequence[tuple[Row, bool]]) -> tuple[float, float]:
    attacks = [said for row, said in judged if row.attack]
    benign = [said for row, said in judged if not row.attack]
    return sum(attacks) / max(1, len(attacks)), sum(benign) / max(1, len(benign))


def _score(found: Mapping[str, float], model: Model) -> float:
    bias, of = model
    return 1 / (1 + exp(-bias - sum(of.get(name, 0) * value for name, value in found.items())))


def main(say: Callable[[str], None] = print) -> int:
    """Print what cross-validation says and, with --fit, the weights as they go into the code."""
    parser = argparse.ArgumentParser(description="Weigh the signs of injection.")
    parser.add_argument("--data", type=Path, action="append", required=True)
    parser.add_argument("--fit", action="store_true", help="print weights fitted to all rows")
    given = parser.parse_args()
    known = [row for data in given.data for row in rows(data) if not (row.attack and row.hard)]
    for seed in (1, 2, 3):
        recall, false = cross_validated(known, seed)
        say(f"cross-validated, seed {seed}: recall {recall:.3f}, false positives {false:.3f}")
    if given.fit:
        bias, of = fit(known)
        say(f"BIAS: Final = {bias:.2f}")
        for name, value in sorted(of.items()):
            say(f'    "{name}": {value:.2f},')
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
