"""Checks the templates of every stage: `python -m infra.check`, a part of `make check`.

cdk-nag's AWS Solutions rules and cfn-lint. A finding is either mended or accepted below, with
its reason; what is accepted and no longer found has to go, too.
"""

import contextlib
import json
import re
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from infra.settings import STAGES

ROOT: Final = Path(__file__).resolve().parents[1]
OUT: Final = Path("build/check")
LINT: Final = Path("infra/cfnlint.yaml")
TIMEOUT_SECONDS: Final = 300
SYNTHESIZE: Final = "synthesize"


@dataclass(frozen=True)
class Finding:
    """One thing that cdk-nag found."""

    rule: str
    where: str
    """Path of the construct."""

    def __str__(self) -> str:
        return f"{self.where}: {self.rule}"


@dataclass(frozen=True)
class Accepted:
    """A rule (a pattern of its id) that doesn't hold in places (a pattern of paths), and why."""

    rule: str
    where: str
    reason: str

    def covers(self, finding: Finding) -> bool:
        """Whether *finding* is accepted by this."""
        return bool(
            re.fullmatch(self.rule, finding.rule) and re.fullmatch(self.where, finding.where)
        )


_ANY: Final = r".*"


def _on(resource: str) -> str:
    return rf"AwsSolutions-IAM5\[Resource::{resource}\]"


ACCEPTED: Final = (
    Accepted(
        "AwsSolutions-S1",
        r".*/(Artifacts|EvidenceCopies)/Resource",
        "Who read or wrote an object is CloudTrail's data events, which an account switches on "
        "for all buckets; a log bucket a stage would be one more that can't be deleted.",
    ),
    Accepted(
        "AwsSolutions-SMG4",
        r".*-data/MasterSecret/Resource",
        "The naming key must never change, or a repeated event would start a second run; the "
        "keys whose values are short-lived rotate by an id within it.",
    ),
    Accepted(
        "AwsSolutions-SMG4",
        r".*-data/(System|Model)-\w+/Resource",
        "The token is the outside system's own: whoever runs that system renews it.",
    ),
    Accepted(
        "AwsSolutions-SQS3",
        r".*/Queues/Undelivered/Resource",
        "It is the dead-letter queue of rules, schedules, the stream and asynchronous failures.",
    ),
    Accepted(
        "AwsSolutions-L1",
        _ANY,
        "python3.13 is what the layer is precompiled and tested for; the next runtime is a "
        "change of requirements/ and infra/packaging.py, made on purpose.",
    ),
    Accepted(
        _on(r"\*"),
        r".*/(Role/Policy|Policy|WorkflowBoundary)/Resource",
        "X-Ray, the log delivery API and answers to tasks take no resources; the boundary's "
        "refusal names all.",
    ),
    Accepted(
        _on(r".*ExportsOutputFnGetAttArtifacts\w+/(artifacts|cache|refused|vault)/\*"),
        r".*/Role/Policy/Resource",
        "Objects of one prefix: their names are made of runs, teams and hashes.",
    ),
    Accepted(
        _on(r".*ExportsOutputFnGetAttEvidenceCopies\w+/\*"),
        r".*/(CopyEvidence/Role/Policy|People/Auditor)/Resource",
        "The bucket holds nothing but evidence; its own policy refuses overwrites.",
    ),
    Accepted(
        _on(r".*ExportsOutputFnGetAttEvidence\w+/stream/\*"),
        r".*/CopyEvidence/Role/Policy/Resource",
        "A stream's name is the time at which it was switched on.",
    ),
    Accepted(
        _on(r".*:execution:interlock-\w+-supervise_run:\*"),
        r".*/((Sweep|CancelRun)/Role/Policy|SuperviseRunMachine/Policy|CallerPolicy)/Resource",
        "Executions are named after runs, and calls as their callers like.",
    ),
    Accepted(
        _on(r".*:(stateMachine:interlock-\w+-wf-\*|execution:interlock-\w+-wf-\*:\*)"),
        r".*/SuperviseRunMachine/Policy/Resource",
        "Teams' machines share a prefix, so that the platform's policy doesn't grow with them.",
    ),
    Accepted(
        _on(r".*:execution:interlock-\w+-\w+:\*"),
        r".*/(Workflow/Policy|WorkflowBoundary)/Resource",
        "Executions of the platform's step machines are named after runs and steps.",
    ),
    Accepted(
        _on(r".*:log-group:\*"),
        r".*/People/Operator/Resource",
        "Which log groups there are can only be asked of all; reading stays bound to ours.",
    ),
    Accepted(
        _on(r".*:s3:::cdk-\w+-assets-.*/\*\.json"),
        r".*/PublishCatalog/Role/Policy/Resource",
        "A compiled catalog is named by its hash; it is the only JSON a deployment uploads "
        "beside templates.",
    ),
    Accepted(
        _on(r".*[:/]interlock-\w+-(platform-)?\*(:\*)?"),
        r".*/People/(Operator|Auditor|Author|Approver|Treasurer)/Resource",
        "People see every run, machine, stack and log of their stage, and of no other.",
    ),
)


def synthesize() -> None:
    """Synthesize every stage with cdk-nag into `OUT`, nothing bundled."""
    from infra.app import build, make_app

    for stage in STAGES:
        context = {"stage": stage, "nag": "on", "aws:cdk:bundling-stacks": []}
        app = make_app(ROOT, ROOT / OUT / stage, context)
        build(app, ROOT)
        # The CDK raises for findings, whether accepted or not; they are in its report.
        with contextlib.suppress(RuntimeError):
            app.synth()


def reports() -> list[Path]:
    """Synthesize in a process of its own, and return the stages' validation reports.

    Raises
    ------
    SystemExit
        With the app's own words: it did not synthesize.
    """
    found = [ROOT / OUT / stage / "validation-report.json" for stage in STAGES]
    for report in found:
        report.unlink(missing_ok=True)
    # Its output repeats each finding that is accepted above.
    done = subprocess.run(
        [sys.executable, "-m", "infra.check", SYNTHESIZE],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=TIMEOUT_SECONDS,
        check=False,
    )
    if not all(report.is_file() for report in found):
        raise SystemExit(done.stderr)
    return found


def read_report(report: Path) -> list[Finding]:
    """Return the findings of a validation report."""
    content = json.loads(report.read_text(encoding="utf-8"))
    return [
        Finding(violation["ruleName"], construct["constructPath"])
        for plugin in content["pluginReports"]
        for violation in plugin["violations"]
        for construct in violation["violatingConstructs"]
    ]


def judge(findings: Iterable[Finding]) -> list[str]:
    """Return a sentence for each finding that is not accepted, and each idle acceptance."""
    findings = list(findings)
    wrong = [f"{f} (cdk-nag)" for f in findings if not any(a.covers(f) for a in ACCEPTED)]
    idle = [a for a in ACCEPTED if not any(a.covers(f) for f in findings)]
    return wrong + [f"infra/check.py accepts {a.rule} at {a.where}: not found" for a in idle]


def lint(templates: Iterable[Path]) -> str:
    """Return what cfn-lint says of *templates*; nothing if they are clean."""
    command = [str(Path(sys.executable).with_name("cfn-lint")), "--config-file", str(LINT), "--"]
    done = subprocess.run(
        [*command, *map(str, templates)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=TIMEOUT_SECONDS,
        check=False,
    )
    return (done.stdout + done.stderr).strip()


def main(arguments: list[str]) -> int:
    """Check every stage; print what is wrong and return the exit code."""
    if arguments == [SYNTHESIZE]:
        synthesize()
        return 0
    found = reports()
    findings = [finding for report in found for finding in read_report(report)]
    templates = [path for report in found for path in sorted(report.parent.glob("*.template.json"))]
    complaints = [*judge(findings), *filter(None, [lint(templates)])]
    print("\n".join(complaints) or "templates: nothing found by cdk-nag and cfn-lint")  # noqa: T201
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
