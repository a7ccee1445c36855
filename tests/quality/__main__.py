"""Say how far we agree with others' cases, and write `build/quality.json`.

    python -m tests.quality [--data DIR]

DIR holds `asl/validity.jsonl`, `events/patterns.jsonl`, `prices/cost_cases.jsonl`,
`wire/responses/`, `structured/` and `injection/`; the project's own small set is the default, and
what a folder lacks is said to be none. Disagreement fails nothing: it is named, so that somebody
can judge it.
"""

import argparse
import json
from pathlib import Path

from tests.quality import personal
from tests.quality.agreement import Agreement, machines, patterns
from tests.quality.answers import invented, recovered
from tests.quality.costs import invoices
from tests.quality.injection import ablation
from tests.quality.injection import figures as injection
from tests.quality.json_schemas import suite
from tests.quality.leaked import leaked
from tests.quality.wire import recordings

ROOT = Path(__file__).parents[2]
OWN = ROOT / "tests" / "fixtures" / "quality"
RESULT = ROOT / "build" / "quality.json"


def main() -> int:
    """Measure the figures, print them and what lies behind them."""
    parser = argparse.ArgumentParser(description="Compare our verdicts with those of others.")
    parser.add_argument("--data", type=Path, default=OWN, help="folder with asl/ and events/")
    data: Path = parser.parse_args().data
    figures = {
        "asl_agreement": machines(data),
        "events_agreement": patterns(data),
        "cost_cases": invoices(data),
        "wire_agreement": recordings(data),
        "json_schema_suite": suite(data),
        "recovery_expected": recovered(data),
        **injection(data),
    }
    made_up = invented(data)
    RESULT.parent.mkdir(parents=True, exist_ok=True)
    told: dict[str, float | None] = {key: one.share for key, one in figures.items()}
    told["recovery_invented"] = len(made_up.wrong) if made_up.rows else None
    told["injection_false_positives"] = _missed(figures["injection_benign_passed"])
    told["injection_over_defence"] = _missed(figures["injection_traps_passed"])
    details = {key: one.as_json() for key, one in figures.items()}
    guards = {"pii": personal.spans(data), "numbers": personal.numbers(data), "secrets": leaked()}
    for name, one in guards.items():
        details[name] = one.pop("details")
        told |= one
    RESULT.write_text(json.dumps({**told, "details": details}, indent=2) + "\n", encoding="utf-8")
    for key, one in figures.items():
        _say(key, one)
    print(f"recovery_invented {len(made_up.wrong):>8}  of {made_up.rows} texts", *made_up.wrong)
    for key in (*personal.FIGURES, "secrets_recall", "secrets_false_positives"):
        print(f"{key:<24}", "none" if told[key] is None else f"{told[key]:.4g}")
    for layers, recall, false in ablation(data):
        print(f"injection, {layers:<18} recall {recall:.3f}, false positives {false:.3f}")
    return 0


def _missed(passed: Agreement) -> float | None:
    return None if passed.share is None else 1 - passed.share


def _say(key: str, one: Agreement) -> None:
    share = "none" if one.share is None else f"{one.share:.4f}"
    print(f"{key:<18}{share:>8}  {one.rows} rows, {len(one.wrong)} judged otherwise, ", end="")
    print(f"{one.refused.total()} refused")
    for wrong in one.wrong:
        print(f"  otherwise  {wrong}")
    for name, times in sorted(one.refused.items()):
        print(f"  refused    {times} x {name}")


if __name__ == "__main__":
    raise SystemExit(main())
