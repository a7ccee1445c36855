"""The reader of PDFs: a process of its own for each, bounded, and without our environment."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

from functions.core.domain.inputs.content import Unreadable, Why
from functions.core.domain.inputs.reading import PdfText

PROCESSOR_SECONDS: Final = 8
WALL_SECONDS: Final = 12
"""For a process that waits for its processor; prepare_call has 30 seconds in all."""
_CPU_SPENT: Final = -24
"""SIGXCPU."""
_KILLED: Final = -9
_READER: Final = "functions.core.adapters.pdf_pages"
_ROOT: Final = Path(__file__).parents[3]


def read_pdf(content: bytes, max_pages: int, *, seconds: int = PROCESSOR_SECONDS) -> PdfText:
    """Return the text of the first *max_pages* pages of *content*, read in so many *seconds*.

    Raises
    ------
    Unreadable
        With the reason that its process gave, or that it gave none.
    """
    # What it runs on may be hostile: it is told where our code lies, and nothing else.
    environment = {"PYTHONPATH": os.pathsep.join([str(_ROOT), *filter(None, sys.path)])}
    try:
        done = subprocess.run(  # noqa: S603  (our own module, by our own interpreter)
            [sys.executable, "-m", _READER, str(max_pages), str(seconds)],
            input=content,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=WALL_SECONDS,
            env=environment,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise Unreadable(Why.TOOK_TOO_LONG) from None
    if done.returncode in (_CPU_SPENT, _KILLED):
        raise Unreadable(Why.TOOK_TOO_LONG)
    if done.returncode != 0:
        # the interpreter itself may die of the bound on memory
        raise Unreadable(Why.EXPLODES)
    said: dict[str, Any] = json.loads(done.stdout)
    if "why" in said:
        raise Unreadable(Why(said["why"]))
    return PdfText(said["text"], said["pages"])
