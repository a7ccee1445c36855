"""Reading an event from a file or an option, and where the bus expects it from."""

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from functions.core.domain.expressions import Table
from functions.core.domain.labels import label_ref, version_ref
from interlock.cli.exits import NotFound, UsageProblem
from interlock.cli.stage import Stage

STANDARD_INPUT = "-"
_WHOLE = frozenset(("source", "detail-type", "detail"))


@dataclass(frozen=True)
class Event:
    """An event as the bus takes it; source and detail-type may be left to the workflow."""

    detail: str
    """JSON text, as it was given where it was given alone."""
    source: str = ""
    detail_type: str = ""

    @property
    def value(self) -> dict[str, Any]:
        """The detail, parsed."""
        found: dict[str, Any] = json.loads(self.detail)
        return found


def read_event(file: str | None, detail: str | None) -> Event:
    """Read the one event that was given.

    A file holds a detail, or a whole event: `{"source", "detail-type", "detail"}`.

    Raises
    ------
    UsageProblem
        None or two were given, it is no file, or no JSON object.
    """
    if (file is None) == (detail is None):
        raise UsageProblem("give one event: a FILE, - for standard input, or --detail JSON")
    where = "--detail" if file is None else file
    text = detail if detail is not None else read_text(str(file))
    try:
        value = json.loads(text)
    except ValueError as error:
        raise UsageProblem(f"{where} is not JSON: {error}") from None
    if not isinstance(value, dict):
        raise UsageProblem(f"{where} is no JSON object")
    if set(value) == _WHOLE and isinstance(value["detail"], dict):
        inner = json.dumps(value["detail"], ensure_ascii=False)
        return Event(inner, str(value["source"]), str(value["detail-type"]))
    return Event(text)


def read_text(file: str) -> str:
    """Return the text of *file*, or of standard input; raise UsageProblem where there is none."""
    if file == STANDARD_INPUT:
        return sys.stdin.read()
    try:
        return Path(file).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8"
        raise UsageProblem(f"{file} can't be read: {reason}") from None


def live_workflow(stage: Stage, name: str) -> dict[str, Any]:
    """Return the live document of a workflow.

    Raises
    ------
    NotFound
        It is not published at this stage.
    """
    return live_document(stage, "workflow", name)


def live_document(stage: Stage, kind: str, name: str) -> dict[str, Any]:
    """Return the document that a definition's `live` names.

    Raises
    ------
    NotFound
        It is not published at this stage.
    """
    label = stage.store.get(label_ref(kind, name))
    found = label and stage.store.get(version_ref(kind, name, str(label["version"])))
    if not found:
        raise NotFound(
            f"no {kind} {name} is published ({stage.where})",
            "is the name right, and was it deployed?",
        )
    document: dict[str, Any] = json.loads(found["document"])
    return document


def addressed(event: Event, workflow: dict[str, Any], source: str, detail_type: str) -> Event:
    """Return *event* with a source and a detail-type that a rule of *workflow* listens to.

    What was said wins, then what the file says, then the workflow's first rule.
    """
    rules = [trigger for trigger in workflow["triggers"] if trigger["kind"] == "rule"]
    rule = rules[0] if rules else {}
    from_ = source or event.source or next(iter(rule.get("source", ())), "")
    type_ = detail_type or event.detail_type or next(iter(rule.get("detail_type", ())), "")
    if not (from_ and type_):
        raise UsageProblem(
            f"no rule of {workflow['name']} says which events start it",
            "say --source and --detail-type",
        )
    return Event(event.detail, from_, type_)


def refusals(stage: Stage, name: str) -> list[dict[str, Any]]:
    """Return each time a body was refused, the newest first."""
    found = stage.store.query(Table.REFUSED, name, newest_first=True)
    if not found:
        raise NotFound(
            f"nothing was refused under {name}", "see what there is: interlock events list"
        )
    return found


def refused_text(stage: Stage, name: str) -> str | None:
    """Return the raw text of a refused body while it is kept; None: it is not any more."""
    from botocore.exceptions import ClientError

    try:
        answer = stage.client("s3").get_object(
            Bucket=stage.output("ArtifactsBucket"), Key=f"refused/{name}"
        )
    except ClientError as error:
        if error.response["Error"]["Code"] not in ("NoSuchKey", "404"):
            raise
        return None
    content: bytes = answer["Body"].read()
    return content.decode(errors="backslashreplace")
