"""`make race`: three seeds, one table, build/race.json; 1 if a promise was broken."""

import argparse
import json
import sys
from dataclasses import asdict

from tests.clouds import PROJECT
from tests.race.race import Race, run_race

SEEDS = (1, 2, 3)
COUNTED = (
    "invariant_breaks",
    "overshoots",
    "calls_without_mark",
    "calls_booked_twice",
    "calls_not_booked",
    "false_refusals",
    "reservations_open",
    "marks_without_call",
)


def figures(race: Race) -> dict[str, object]:
    """Return a race as figures: lists as how many they hold."""
    return {n: len(v) if isinstance(v, list) else v for n, v in asdict(race).items()}


def main() -> int:
    """Run the races; 1 if a promise was broken."""
    parser = argparse.ArgumentParser(prog="make race", description=__doc__)
    parser.add_argument("--seed", type=int, action="append", help="this one instead; repeatable")
    seeds = parser.parse_args().seed or SEEDS
    races = []
    for seed in seeds:
        print(f"race: seed {seed}", flush=True)
        races.append(run_race(seed, say=lambda line: print(f"race: {line}", flush=True)))
        told = figures(races[-1])
        print("\n".join(f"  {name:24} {value}" for name, value in told.items()), flush=True)
        for name in COUNTED:
            for line in getattr(races[-1], name)[:5]:
                print(f"    {name}: {line}")
    file = PROJECT / "build" / "race.json"
    file.parent.mkdir(exist_ok=True)
    file.write_text(json.dumps([figures(race) for race in races], indent=2) + "\n")
    broken = [f"seed {race.seed}: {', '.join(race.broken)}" for race in races if race.broken]
    print("\n".join(broken) or f"race: every promise held, {len(races)} times; {file.name} written")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
