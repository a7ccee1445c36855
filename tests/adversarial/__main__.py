"""`make mutate-guards`: switch each defence off in turn, and see which attacks notice.

A defence whose loss no attack notices fails, and so does an attack that leans on none. What was
seen is compared with docs/adversarial.md; `WRITE=1` writes it there.
"""

import argparse
import sys
from concurrent.futures import ProcessPoolExecutor

from tests.adversarial.defences import DEFENCES
from tests.adversarial.losses import holds, noticed
from tests.adversarial.page import PAGE, page
from tests.adversarial.rows import rows


def main() -> int:
    """Do it, and say what was not noticed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--write", action="store_true", help="write what was seen into the page")
    parser.add_argument("--workers", type=int, default=2)
    asked = parser.parse_args()
    table = rows()
    if broken := [row.name for row in table if not holds(row)]:
        print("without any loss these end otherwise:", ", ".join(broken))
        return 1
    leans: dict[str, list[str]] = {row.name: [] for row in table}
    with ProcessPoolExecutor(asked.workers) as pool:
        for one, names in zip(DEFENCES, pool.map(_lost, range(len(DEFENCES))), strict=True):
            print(f"{one.name:40} {len(names):3} of {len(table)} attacks notice", flush=True)
            for name in names:
                leans[name].append(one.name)
    spare = [d.name for d in DEFENCES if not any(d.name in names for names in leans.values())]
    bare = [name for name, names in leans.items() if not names]
    for what, found in (("nobody misses", spare), ("leans on nothing", bare)):
        print(f"{what}: {', '.join(found) or 'none'}")
    said = page(table, DEFENCES, leans)
    if asked.write:
        PAGE.write_text(said, encoding="utf-8")
    elif said != PAGE.read_text(encoding="utf-8"):
        print(f"{PAGE.name} says otherwise: write it with WRITE=1")
        return 1
    return 1 if spare or bare else 0


def _lost(place: int) -> list[str]:
    return noticed(DEFENCES[place], rows())


if __name__ == "__main__":
    sys.exit(main())
