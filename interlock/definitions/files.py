"""The files that declarations consist of, read strictly."""

import re
import tomllib
from datetime import date, datetime, time
from pathlib import Path
from typing import Any, Final

from functions.core.domain.canonical import parse_strict
from functions.core.domain.errors import InvalidJson
from interlock.definitions.problems import Problems

_LINE: Final = re.compile(r"(.*) \(at (?:line (\d+), column \d+|(end of document))\)", re.DOTALL)
MAX_FILE_BYTES: Final = 1_000_000


def read_text(path: Path, problems: Problems) -> str | None:
    """Return the text of *path*; None, with the problem noted, if there is none."""
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            problems.add(path, "", f"larger than {MAX_FILE_BYTES} bytes")
            return None
        text = path.read_bytes().decode()
    except FileNotFoundError:
        problems.add(path, "", "missing file")
    except UnicodeDecodeError:
        problems.add(path, "", "not UTF-8")
    except OSError as problem:
        problems.add(path, "", f"can't be read: {problem.strerror}")
    else:
        if text.strip():
            return text
        problems.add(path, "", "empty")
    return None


def read_toml(path: Path, problems: Problems) -> dict[str, Any] | None:
    """Return the table in *path*, dates as text; None, with the problem noted, if unreadable."""
    text = read_text(path, problems)
    if text is None:
        return None
    try:
        table: dict[str, Any] = _as_json(tomllib.loads(text))
    except tomllib.TOMLDecodeError as problem:
        told = _LINE.fullmatch(str(problem))
        line = f"line {told[2] or len(text.splitlines())}" if told else ""
        problems.add(path, line, f"not TOML: {told[1] if told else problem}")
        return None
    return table


def read_json(path: Path, problems: Problems) -> Any:
    """Return the value in *path*; None, with the problem noted, if it is no strict JSON."""
    text = read_text(path, problems)
    return None if text is None else _parse(path, text, "", problems)


def read_json_object(path: Path, problems: Problems) -> dict[str, Any] | None:
    """Return the JSON object in *path*, else None with the problem noted."""
    before = len(problems.found)
    value = read_json(path, problems)
    if isinstance(value, dict):
        return value
    if len(problems.found) == before:
        problems.add(path, "", "not a JSON object")
    return None


def read_json_lines(path: Path, problems: Problems) -> list[tuple[int, Any]]:
    """Return (line number, value) of each line of *path* that holds one."""
    text = read_text(path, problems) or ""
    rows = []
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            value = _parse(path, line, f"line {number}", problems)
            if value is not None:
                rows.append((number, value))
    return rows


def check_folder(
    folder: Path, problems: Problems, *, files: frozenset[str], folders: frozenset[str]
) -> None:
    """Note each required file that *folder* lacks and each entry that nobody would read."""
    present = {entry.name: entry for entry in folder.iterdir() if not entry.name.startswith(".")}
    for name in sorted(files - set(present)):
        problems.add(folder / name, "", "missing file")
    for name, entry in sorted(present.items()):
        if name not in (folders if entry.is_dir() else files | {"README.md"}):
            problems.add(entry, "", f"unknown {'folder' if entry.is_dir() else 'file'}")


def subfolders(folder: Path, problems: Problems) -> list[Path]:
    """Return the folders in *folder*, sorted; anything else in it is noted."""
    if not folder.is_dir():
        problems.add(folder, "", "missing folder")
        return []
    found = []
    for entry in sorted(folder.iterdir()):
        if entry.is_dir() and not entry.name.startswith((".", "__")):
            found.append(entry)
        elif entry.is_file() and not entry.name.startswith((".", "README")):
            problems.add(entry, "", "unknown file")
    return found


def _parse(path: Path, text: str, key: str, problems: Problems) -> Any:
    try:
        return parse_strict(text)
    except InvalidJson as problem:
        place = key or problem.pointer or ""
        problems.add(path, place, f"not strict JSON: {problem.reason}")
        return None


def _as_json(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _as_json(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_as_json(item) for item in value]
    return value.isoformat() if isinstance(value, date | datetime | time) else value
