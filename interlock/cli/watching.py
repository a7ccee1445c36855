"""Watching a run until it is over."""

import time
from collections.abc import Callable

from functions.core.domain.run import OPEN
from interlock.cli.following import LOOK_EVERY
from interlock.cli.run_view import read_items
from interlock.cli.stage import Stage


def until_over(stage: Stage, run: str, say: Callable[[str], None]) -> None:
    """Return once *run* is in a state that is an end; Ctrl-C ends the watching, not the run."""
    pause = LOOK_EVERY[stage.cloud is not None]
    while True:
        item, steps = read_items(stage, run)
        if item["status"] not in OPEN:
            return
        ended = [step for step in steps if step.get("outcome")]
        say(f"{item['status']}, {len(ended)} of {len(steps)} steps begun are over")
        time.sleep(pause)
