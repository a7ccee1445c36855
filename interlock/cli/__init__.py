"""The command line: one module a noun."""

from interlock.cli.root import main

__all__ = ["main"]
