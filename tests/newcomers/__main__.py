"""`make newcomers`: the four walks in a new clone, one after the other; commands and seconds."""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.newcomers.walks import PREPARE, ROOT, complain, said, type_, walk, walks

COMMANDS, SECONDS = "commands", "seconds"
MOST = {"A data scientist": {COMMANDS: 5, SECONDS: 180.0}}
"""What a walk may take, from a fresh clone on."""
TEN_MINUTES = 600.0


def main() -> int:
    """Walk; print a table, write build/newcomers.json; return 1 where somebody was stopped."""
    parser = argparse.ArgumentParser(prog="python -m tests.newcomers", description=__doc__)
    parser.add_argument("--say", action="store_true", help="Show what every command printed.")
    say = parser.parse_args().say
    with tempfile.TemporaryDirectory() as folder:
        clone = Path(folder) / "interlock"
        subprocess.run(["git", "clone", "--quiet", str(ROOT), str(clone)], check=True)
        rows = _walked(clone, say=say)
    file = ROOT / "build" / "newcomers.json"
    file.parent.mkdir(exist_ok=True)
    file.write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")
    print(f"{'walk':<22}{'commands':>10}{'limit':>7}{'seconds':>10}{'limit':>7}")
    for row in rows:
        limits = (row["most_commands"] or "-", f"{row['most_seconds']:g}")
        verdict = "" if row["ok"] else "  missed"
        print(
            f"{row['walk']:<22}{row[COMMANDS]:>10}{limits[0]:>7}"
            f"{row[SECONDS]:>10.1f}{limits[1]:>7}{verdict}"
        )
    return 0 if all(row["ok"] for row in rows) else 1


def _walked(clone: Path, *, say: bool) -> list[dict[str, object]]:
    bin_ = clone / ".venv" / "bin"
    made = type_(PREPARE[0], clone, bin_)
    if not made.good:
        complain(made)
        return []
    rows: list[dict[str, object]] = []
    for one in walks():
        typed = list(walk(one, clone, bin_))
        for command in typed:
            if not command.good:
                complain(command)
            elif say:
                print(said(command))
        most = MOST.get(one.who, {})
        commands = len(PREPARE) + len(typed)
        seconds = made.seconds + sum(command.seconds for command in typed)
        in_time = seconds <= most.get(SECONDS, TEN_MINUTES)
        few = commands <= most.get(COMMANDS, commands)
        rows.append(
            {
                "walk": one.who,
                COMMANDS: commands,
                "most_commands": most.get(COMMANDS),
                SECONDS: round(seconds, 1),
                "most_seconds": most.get(SECONDS, TEN_MINUTES),
                "ok": few and in_time and all(command.good for command in typed),
            }
        )
    return rows


if __name__ == "__main__":
    sys.exit(main())
