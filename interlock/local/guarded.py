"""Runs a module that must not outlive its starter: ``python -m interlock.local.guarded MODULE …``.

Whoever starts it holds its standard input open; the end of that ends it, also when the starter was
killed and could say nothing.
"""

from __future__ import annotations

import os
import runpy
import sys
import threading


def _watch(descriptor: int) -> None:
    while os.read(descriptor, 4096):
        pass
    os._exit(0)


def main() -> None:
    """Run the module that the first argument names, with the rest of the arguments."""
    descriptor = os.dup(0)
    threading.Thread(target=_watch, args=(descriptor,), name="guard", daemon=True).start()
    module = sys.argv[1]
    sys.argv = sys.argv[1:]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
