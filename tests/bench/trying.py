"""From typing `interlock tasks try` to its answer: a process of its own, no cloud."""

import subprocess
import sys
import time
from pathlib import Path
from statistics import median

from tests.bench.figures import PROJECT, Measured, Say

TIMES = 7
TASK = "classify_ticket"


def seconds(say: Say) -> Measured:
    """Type it once, so that bytecode is there, then again and again."""
    say(f"interlock tasks try {TASK}")
    _try()
    taken = [_try() for _ in range(TIMES)]
    shown = [round(one, 2) for one in taken]
    return Measured(round(median(taken), 2), {"seconds": shown, "task": TASK})


def _try() -> float:
    began = time.monotonic()
    command = [str(Path(sys.executable).with_name("interlock")), "tasks", "try", TASK]
    subprocess.run(command, cwd=PROJECT, check=True, stdout=subprocess.DEVNULL)
    return time.monotonic() - began
