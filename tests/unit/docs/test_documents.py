"""What the documents say can be found, loaded and typed."""

import importlib
import re
import shutil
from pathlib import Path

import click
import pytest

from infra.wiring import FUNCTIONS
from interlock.cli.root import root as command_line
from interlock.definitions.project import load_project
from interlock.local.limits import LIMITS

ROOT = Path(__file__).parents[3]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), ROOT / "examples" / "README.md"])
LINK = re.compile(r"\]\(([^)#:]+)(?:#[^)]*)?\)")
FILE = re.compile(
    r"^`((?:catalog|statemachines)/[^`]+)`\n\n```\w+\n(.*?)^```$", re.MULTILINE | re.DOTALL
)
CODE = re.compile(r"`([^`\n]+)`|^ {4}(\S.*)$", re.MULTILINE)
FENCED = re.compile(r"^```(?:console|sh)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
COMMAND = re.compile(r"\binterlock ((?:[a-z]+ )?[a-z]+)")
ROW = re.compile(r"^\| (.+) \| (.+) \| (.+) \|$", re.MULTILINE)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_its_links_lead_somewhere(page: Path) -> None:
    """Each relative link of a page names a file or folder of the repository."""
    targets = LINK.findall(page.read_text())

    assert [target for target in targets if not (page.parent / target).exists()] == []


def _typed(page: Path) -> list[str]:
    """Return what a page shows as typed: in line, indented, or in a block of a shell's lines."""
    text = page.read_text()
    lines = [line for block in FENCED.findall(text) for line in block.splitlines()]
    return [*(a or b for a, b in CODE.findall(text)), *lines]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_its_commands_exist(page: Path) -> None:
    """Each `interlock NOUN VERB` of a page is one that the command line knows."""
    context = click.Context(command_line)
    unknown = []
    for typed in _typed(page):
        for words in COMMAND.findall(typed):
            noun, _, verb = words.partition(" ")
            group = command_line.get_command(context, noun)
            if group is None or (
                isinstance(group, click.Group) and verb and verb not in group.commands
            ):
                unknown.append(words)

    assert unknown == []


def test_what_they_tell_to_write_loads(tmp_path: Path) -> None:
    """The workflow and the AI task of the two guides pass all checks beside our own."""
    for folder in ("catalog", "statemachines"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    for page in ("write-a-workflow.md", "write-an-ai-task.md"):
        for name, text in FILE.findall((ROOT / "docs" / page).read_text()):
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text(text)

    project = load_project(tmp_path)

    assert project.workflow("sort_message").events
    assert project.golden["rate_review"]


def test_the_readme_prints_the_limits_of_the_laptop_cloud() -> None:
    """The README's table is the one of `interlock local limits`, row for row."""
    table = (ROOT / "README.md").read_text().partition("<!-- limits -->")[2]
    rows = ROW.findall(table.partition("<!-- /limits -->")[0])[1:]

    assert [(limit.area, limit.here, limit.on_aws) for limit in LIMITS] == rows


def test_every_noun_of_the_command_line_is_in_the_readme() -> None:
    """Nobody has to guess what `interlock` can do."""
    nouns = importlib.import_module("interlock.cli.root").NOUNS
    readme = (ROOT / "README.md").read_text()

    assert [noun for noun in nouns if not re.search(rf"`interlock {noun}[ `]", readme)] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_its_words_of_make_exist(page: Path) -> None:
    """Each `make WORD` of a page is a target of the Makefile."""
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    words = [word for text in _typed(page) for word in re.findall(r"\bmake ([a-z-]+)", text)]

    assert [word for word in words if word not in targets] == []


def test_the_architecture_lists_what_each_function_may_touch() -> None:
    """The table of functions says time, memory and tables as infra/wiring.py does."""
    page = (ROOT / "ARCHITECTURE.md").read_text()
    letters = {"GetItem": "G", "PutItem": "P", "UpdateItem": "U", "Query": "Q"}
    said = {
        row[0]: row[2:4]
        for row in re.findall(r"^\| (\w+) \|" + r" ?(.*?) ?\|" * 4, page, re.MULTILINE)
    }

    for function in FUNCTIONS:
        tables = []
        for name, actions in function.tables.items():
            short = "".join(letter for action, letter in letters.items() if action in actions)
            indexes = "".join(f" and {index}" for index in function.indexes.get(name, ()))
            tables.append(f"{name} {short}{indexes}")
        assert said[function.name] == (
            f"{function.timeout_seconds}/{function.memory_mb}",
            ", ".join(tables),
        )
