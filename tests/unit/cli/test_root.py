"""The root command."""

import subprocess
import sys

import click
import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, NoCredentialsError
from click.testing import CliRunner

from interlock.cli import exits
from interlock.cli.root import NOUNS, root

SLOW = ("boto3", "botocore", "rich", "moto", "pydantic", "interlock.local.cloud")


def test_help_is_fast():
    """Help imports nothing that takes long."""
    code = (
        "import sys; from click.testing import CliRunner; from interlock.cli.root import root; "
        "assert CliRunner().invoke(root, ['--help']).exit_code == 0; "
        f"print([name for name in {SLOW} if name in sys.modules])"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"


def test_help_lists_every_exit_code():
    """The table of exit codes stands in one place, and is whole."""
    shown = CliRunner().invoke(root, ["--help"]).output

    for code in exits.Exit:
        assert f"  {code.value} " in shown


def _verbs():
    context = click.Context(root)
    for noun in NOUNS:
        group = root.get_command(context, noun)
        if not isinstance(group, click.Group):  # a noun that is a verb itself
            yield pytest.param(group, id=noun)
            continue
        for verb in group.list_commands(context):
            yield pytest.param(group.get_command(context, verb), id=f"{noun} {verb}")


@pytest.mark.parametrize("verb", list(_verbs()))
def test_each_verb_has_an_example_and_json(verb):
    """--help shows how it is typed; verbs that answer, answer as JSON too."""
    shown = f"{verb.help} {verb.epilog or ''}"

    assert "Example" in shown
    if verb.callback.__module__ not in ("interlock.cli.local", "interlock.cli.completion"):
        assert any(option.name == "as_json" for option in verb.params)
        assert "JSON:" in shown


def _aws(code, operation="Query"):
    return ClientError({"Error": {"Code": code, "Message": "no"}}, operation)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (_aws("AccessDeniedException"), exits.Exit.REFUSED),
        (_aws("ExpiredToken"), exits.Exit.UNREACHABLE),
        (_aws("ResourceNotFoundException"), exits.Exit.NOT_FOUND),
        (_aws("ValidationException"), exits.Exit.REFUSED),
        (_aws("500"), exits.Exit.UNREACHABLE),
        (NoCredentialsError(), exits.Exit.UNREACHABLE),
        (EndpointConnectionError(endpoint_url="http://x"), exits.Exit.UNREACHABLE),
        (ConnectionRefusedError(), exits.Exit.UNREACHABLE),
        (ZeroDivisionError("oh"), exits.Exit.BROKEN),
    ],
    ids=str,
)
def test_a_foreign_error_becomes_a_sentence(error, code):
    """Each is told in words, with the exit code that it has."""
    problem = exits.explain(error)

    assert problem.code == code
    assert problem.what


def test_a_stage_that_is_not_there_is_said(world):
    """A stage that nobody deployed is exit code 5, with its name."""
    result = CliRunner().invoke(root, ["runs", "list", "--aws", "--stage", "nowhere"])

    assert result.exit_code == 5
    assert "there is no stage nowhere" in result.stderr


def test_debug_shows_the_traceback(world):
    """--debug lets the error through."""
    typed = ["--debug", "runs", "list", "--aws", "--stage", "nowhere"]

    result = CliRunner().invoke(root, typed)

    assert isinstance(result.exception, exits.Unreachable)


def test_an_endpoint_that_does_not_answer_is_said(monkeypatch):
    """Exit code 5, and no traceback."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "x")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")

    result = CliRunner().invoke(root, ["runs", "list", "--endpoint", "http://127.0.0.1:9"])

    assert result.exit_code == 5
    assert "does not answer" in result.stderr
