"""Folders that share the content of their files."""

import os
import shutil


def link_or_copy(source: str, target: str) -> None:
    """Give a file a second name; copy it where that can't be done: a `shutil` copy function."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)
