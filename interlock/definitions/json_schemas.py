"""Noting what is wrong with the JSON Schemas of files."""

from pathlib import Path
from typing import Any

from functions.core.domain.declared_schemas import schema_problems
from interlock.definitions.problems import Problems


def check_schema(file: Path, schema: Any, problems: Problems, *, key: str = "") -> bool:
    """Note what is wrong with *schema*, which stands in *file* (at *key*); say if it is usable."""
    found = schema_problems(schema)
    for pointer, reason in found:
        problems.add(file, f"{key}{pointer}", reason)
    return not found
