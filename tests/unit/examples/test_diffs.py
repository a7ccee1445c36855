"""The examples are what their page shows, and small enough to be believed."""

import difflib
import re
import shutil
from pathlib import Path

import pytest

from infra import single_step
from interlock.definitions.project import Project, load_project
from interlock.lint.registry import HOUSE
from interlock.lint.spec import check_text

ROOT = Path(__file__).parents[3]
EXAMPLES = ROOT / "examples"
DECLARED_BY = {
    "direct_bedrock": "sort_product",
    "lambda_openai": "judge_review",
    "map_documents": "sort_document",
}
MOST_CHANGED_LINES = 12
ROW = re.compile(r"^\| \[`(\w+)`\]\(\w+/\) \|.*\| (\d+) \| (\d+) \|$", re.MULTILINE)


def lines(example: str, version: str) -> list[str]:
    return (EXAMPLES / example / f"{version}.asl.json").read_text().splitlines()


def changes(example: str) -> list[str]:
    """Return the lines that `diff` takes away or adds."""
    found = difflib.unified_diff(lines(example, "before"), lines(example, "governed"), n=0)
    return [line for line in list(found)[2:] if line[0] in "+-"]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Return the project as it is with the folders of the examples beside its own."""
    root = tmp_path_factory.mktemp("project")
    shutil.copytree(ROOT / "catalog", root / "catalog")
    shutil.copytree(EXAMPLES / "catalog", root / "catalog", dirs_exist_ok=True)
    shutil.copytree(EXAMPLES / "workflows", root / "statemachines" / "workflows")
    return load_project(root)


@pytest.mark.parametrize("example", DECLARED_BY)
def test_a_machine_changes_by_twelve_lines_at_most(example: str):
    """Lines taken away and lines added, each counted."""
    assert 0 < len(changes(example)) <= MOST_CHANGED_LINES


@pytest.mark.parametrize("example", DECLARED_BY)
@pytest.mark.parametrize("version", ["before", "governed"])
def test_both_versions_are_amazon_states_language(example: str, version: str):
    """What people have is what they could have."""
    text = (EXAMPLES / example / f"{version}.asl.json").read_bytes()

    assert [f for f in check_text(text, version) if f.is_error] == []


def test_the_guide_shows_the_folder_of_the_first_example():
    """Both files, as they are."""
    page = (ROOT / "docs" / "one-step.md").read_text()

    assert all(f.read_text() in page for f in (EXAMPLES / "workflows" / "sort_product").iterdir())


@pytest.mark.parametrize("example", DECLARED_BY)
def test_the_page_shows_the_real_diff(example: str):
    """Whole, with one line around each change."""
    shown = difflib.unified_diff(
        lines(example, "before"), lines(example, "governed"), "before", "governed", n=1, lineterm=""
    )
    page = (EXAMPLES / "README.md").read_text()

    assert "```diff\n" + "\n".join(shown) + "\n```" in page


def test_the_page_counts_lines_of_machine_and_folder_apart():
    """The folder with the contract and its schema; an AI task is written once for everybody."""
    page = (EXAMPLES / "README.md").read_text()
    counted = {
        example: (
            len(changes(example)),
            sum(
                len(file.read_text().splitlines())
                for file in (EXAMPLES / "workflows" / workflow).iterdir()
            ),
        )
        for example, workflow in DECLARED_BY.items()
    }

    assert {name: (int(a), int(b)) for name, a, b in ROW.findall(page)} == counted


@pytest.mark.parametrize("name", DECLARED_BY.values())
def test_its_machine_is_the_shipped_one_and_keeps_the_house_rules(project: Project, name: str):
    """Filled in for its one task, with the fields that the task takes and no others."""
    folder = project.workflow(name)
    assert folder.step is not None

    machine = single_step.load(ROOT, folder.step)

    assert folder.asl_path is None
    assert check_text(machine.text.encode(), machine.file, HOUSE) == []
    assert machine.placeholders == {"run_ai_task_arn"}
    assert "<" not in machine.text
    assert all(f'\\"{field}\\"' in machine.text for field in folder.step.fields)
    assert folder.definition.dedup_key[0].removeprefix("/") not in folder.step.fields
