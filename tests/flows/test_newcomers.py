"""The walks of docs/first-ten-minutes.md, and the README's commands, in a copy of the project."""

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from interlock.local.cloud import running
from tests.newcomers.walks import ROOT, Walk, said, walk, walks
from tests.unit.cli.projects import share_builds

NOT_TYPED = {
    "make setup": "the environment that runs this was made by it",
    "source .venv/bin/activate": "the walks' path begins there",
    "make demo": "by tests/bench/demo.py",
    "make test": "it runs this",
    "OPENAI_API_KEY=... make demo MODEL_URL=https://models.example.com/v1 MODEL=small-1": "a key; "
    "by tests/flows/test_endpoint.py with an endpoint of this machine",
    "interlock local up": "by the approver, whose cloud this is",
    "interlock local logs call_model --follow": "it has no end",
    "interlock local down": "by the auditor",
    'eval "$(interlock local up)"': "a shell of one's own",
    "aws stepfunctions list-executions --state-machine-arn arn:aws:states:us-east-1:123456789012"
    ":stateMachine:interlock-dev-supervise_run": "in the shell before it",
    "npm install --no-package-lock": "the network",
    "make synth && interlock doctor": "by the platform engineer, apart",
    "npx cdk bootstrap": "an account",
    "npx cdk diff": "an account",
    "npx cdk deploy --all": "an account; by make verify-aws",
    "aws cloudformation describe-stacks --stack-name interlock-dev-platform "
    "--query 'Stacks[0].Outputs'": "an account",
    "aws secretsmanager put-secret-value --secret-id <arn> --secret-string <token>": "an account",
    "interlock events put triage_ticket ticket.json --wait": "a ticket of one's own",
    "npx cdk destroy --all": "an account; by make verify-aws",
}
"""Commands of the README that can't be typed here: what they need, or who types them."""
COMMAND = re.compile(r"^ {4}((?:interlock|make|np[mx]|aws|source|eval|[A-Z_]+=).*)$", re.MULTILINE)


def of_readme() -> list[str]:
    """Return what the README's indented blocks tell to type, without comments."""
    lines = COMMAND.findall((ROOT / "README.md").read_text(encoding="utf-8"))
    return [line.partition("  #")[0].strip() for line in lines]


README = Walk("README", (), tuple(line for line in of_readme() if line not in NOT_TYPED))
*BEFORE, AUDITOR = walks()
WALKS = [*BEFORE, README, AUDITOR]
TOLD = {
    "README": ("SUCCEEDED", "no findings", "nothing waits for anybody"),
    "A platform engineer": ("a stage that does nothing costs about $", "to be mended first"),
    "A data scientist": ('"days_late": 12', "as golden.jsonl expects"),
    "An approver": ("approved by", "refund=80.00", "SUCCEEDED"),
    "An auditor": ("task=classify_ticket", "approved_in=AskPerson", "ok  triage_ticket-"),
}
"""What whoever walked wanted to know, by walk."""
FEW = 5
"""Commands from a fresh clone to an own task's answer, `make setup` and `source` included."""


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Copy what git knows, as a clone would; what was downloaded and built is shared."""
    folder = tmp_path_factory.mktemp("newcomers") / "interlock"
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, check=True, capture_output=True, text=True,
    ).stdout.splitlines()  # fmt: skip
    for name in filter(lambda name: (ROOT / name).is_file(), listed):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, folder / name)
    (folder / ".venv").symlink_to(Path(sys.executable).parents[1])
    state = share_builds(folder)
    yield folder
    for cloud in running(state):
        cloud.stop()


@pytest.mark.parametrize("one", WALKS, ids=lambda one: one.who)
def test_a_newcomer_gets_there(one: Walk, clone: Path) -> None:
    """By the page's commands alone, and is told what they came for."""
    if one is WALKS[0]:  # a new clone runs nothing; what the README's commands began goes first
        for left in running(clone / ".interlock"):
            left.stop()
    output = ""
    for typed in walk(one, clone, clone / ".venv" / "bin"):
        output += said(typed)
        assert typed.good, output

    assert [text for text in TOLD[one.who] if text not in output] == [], output


def test_what_is_not_typed_stands_in_the_readme() -> None:
    """A reason that outlived its command would hide the next one."""
    assert set(NOT_TYPED) - set(of_readme()) == set()


def test_a_data_scientist_types_five_commands_at_most() -> None:
    """From the clone to the answer."""
    [one] = [one for one in WALKS if one.who == "A data scientist"]

    assert 2 + len(one.commands) <= FEW
