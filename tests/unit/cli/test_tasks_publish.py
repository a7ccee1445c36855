"""`interlock tasks publish`."""

import re

import pytest

from tests.unit.cli.projects import copied

WHY = ("--why", "clearer")


@pytest.fixture
def folder(world, tmp_path, monkeypatch):
    """Stand in a project whose models and policies the stage has, as a deployment left them."""
    from interlock.places import find

    project = copied(tmp_path, monkeypatch)
    compiled = find().load().compile_catalog()
    for entry in compiled["documents"]:
        if entry["name"] in ("draft_reply", "default"):
            named = (entry["kind"], entry["name"])
            world.services.catalog.publish(*named, entry["document"], by="deployment")
    world.clock.forward(seconds=1)
    return project


def test_a_changed_task_is_published_and_moves_no_label(world, folder, told, typed):
    """What differs from what is live is shown; promoting is another command."""
    before = told("tasks", "show", "draft_reply")["live"]["version"]
    task = folder / "catalog" / "ai_tasks" / "draft_reply"
    declared = (task / "task.toml").read_text()
    bounded = re.sub(r"max_output_tokens = .*", "max_output_tokens = 64", declared)
    (task / "task.toml").write_text(bounded)
    (task / "system.md").write_text((task / "system.md").read_text() + "Be brief.\n")

    answer = told("tasks", "publish", "draft_reply", *WHY)

    assert (answer["new"], answer["live"]) == (True, before)
    assert "+Be brief." in answer["diff"]
    shown = told("tasks", "show", "draft_reply")
    assert shown["live"]["version"] == before
    assert shown["versions"][0]["version"] == answer["version"]
    again = typed("tasks", "publish", "draft_reply", *WHY).stdout
    assert f"{answer['version'][:12]} is published already" in again
    assert f"interlock tasks promote draft_reply {answer['version'][:12]}" in again


def test_files_that_do_not_hold_are_not_sent(folder, typed, functions):
    """The project's own checks come first, with file and reason."""
    file = folder / "catalog" / "ai_tasks" / "draft_reply" / "user.md"
    file.write_text("{{ nothing }}")

    result = typed("tasks", "publish", "draft_reply", *WHY)

    assert result.exit_code == 1
    assert "user.md" in result.stderr
    assert functions.asked == []


def test_what_the_stage_refuses_says_why(folder, typed):
    """A stage may have other models than the files: here a smaller one."""
    result = typed("tasks", "publish", "draft_reply", *WHY)

    assert result.exit_code == 4
    assert "limits.max_output_tokens: target 'paid' gives 64 at most" in result.stderr
