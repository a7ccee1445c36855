"""Findings as SARIF 2.1.0, which editors and code hosts show at the line.

Source: OASIS, "Static Analysis Results Interchange Format (SARIF) Version 2.1.0".
"""

from collections.abc import Iterable
from typing import Any, Final
from urllib.parse import quote

from interlock.lint.findings import Finding, Rule
from interlock.lint.registry import RULES

SCHEMA: Final = "https://json.schemastore.org/sarif-2.1.0.json"
ROOT: Final = "ROOT"


def sarif(findings: Iterable[Finding], root_uri: str) -> dict[str, Any]:
    """Return the log of one run of the linter.

    Parameters
    ----------
    root_uri
        The `file://` address of the folder that file names are relative to.
    """
    numbers = {rule.id: number for number, rule in enumerate(RULES)}
    return {
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {"name": "interlock workflows validate", "rules": _rules(RULES)}
                },
                "originalUriBaseIds": {ROOT: {"uri": root_uri.rstrip("/") + "/"}},
                "columnKind": "unicodeCodePoints",
                "results": [_result(finding, numbers[finding.rule.id]) for finding in findings],
            }
        ],
    }


def _rules(rules: Iterable[Rule]) -> list[dict[str, Any]]:
    return [
        {
            "id": rule.id,
            "shortDescription": {"text": rule.demands},
            "help": {"text": rule.todo},
            "defaultConfiguration": {"level": rule.severity.value},
        }
        for rule in rules
    ]


def _result(finding: Finding, number: int) -> dict[str, Any]:
    physical: dict[str, Any] = {
        "artifactLocation": {"uri": quote(finding.file), "uriBaseId": ROOT},
        "region": {"startLine": max(finding.line, 1)},
    }
    location: dict[str, Any] = {"physicalLocation": physical}
    if finding.place:
        location["logicalLocations"] = [{"fullyQualifiedName": finding.place}]
    return {
        "ruleId": finding.rule.id,
        "ruleIndex": number,
        "level": finding.rule.severity.value,
        "message": {"text": f"{finding.what}. {finding.rule.todo}"},
        "locations": [location],
    }
