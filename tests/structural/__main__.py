"""`make structural`: all texts as tickets on a laptop cloud, and what they changed.

DIR holds `injection/injection.jsonl`; the project's own small set is the default. Figures go to
`build/structural.json`.
"""

import argparse
import json
import shutil
import sys
import tempfile
import time
from pathlib import Path

from interlock.local.clock import Clock
from interlock.local.cloud import Cloud
from tests.clouds import STATE, Desk, model_provider, priced_assembly, priced_parameters
from tests.quality.__main__ import OWN, ROOT
from tests.quality.injection import ROWS
from tests.structural.campaign import Campaign, unguarded

RESULT = ROOT / "build" / "structural.json"


def texts(data: Path) -> list[str]:
    """Return the texts below *data*, each once."""
    lines = (data / ROWS).read_text(encoding="utf-8").split("\n")
    found = [str(json.loads(line)["text"]) for line in lines if line.strip()]
    return [text for text in dict.fromkeys(found) if text.strip()]


def _told(number: int) -> None:
    if sys.stderr.isatty() or number % 50 == 0:
        print(f"\r{number} texts", end="" if sys.stderr.isatty() else "\n", file=sys.stderr)


def main() -> int:
    """Send them, and say what they changed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--data", type=Path, default=OWN, help="folder with injection/")
    parser.add_argument("--most", type=int, help="send no more than so many texts")
    asked = parser.parse_args()
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "requests.jsonl"
        with model_provider(log) as url:
            parameters = priced_parameters(url)
            clock = Clock.leaping()
            made = priced_assembly(patient=True)
            with Cloud.start(made, STATE, clock=clock, parameters=parameters) as cloud:
                desk = Desk(cloud)
                with unguarded(desk):
                    found = Campaign(desk, url, log).run(texts(asked.data)[: asked.most], _told)
            shutil.rmtree(cloud.folder, ignore_errors=True)
    for kind, names in found.changed.items():
        for name in names:
            print(f"{kind}: {name}")
    for name, number in found.counts().items():
        print(f"{name:<20} {number:>5}")
    print(f"{time.monotonic() - started:.0f} s")
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps(found.counts() | {"changed": found.changed}, indent=2) + "\n")
    return 1 if found.changed else 0


if __name__ == "__main__":
    sys.exit(main())
