"""`interlock policies publish`, `promote` and `rollback`."""

import pytest

from tests.unit.cli.projects import copied

WHY = ("--why", "stricter")


@pytest.fixture
def folder(world, tmp_path, monkeypatch):
    """Stand in a project that the stage was deployed from."""
    from interlock.places import find

    project = copied(tmp_path, monkeypatch)
    for entry in find().load().compile_catalog()["documents"]:
        if entry["kind"] == "policy":
            named = (entry["kind"], entry["name"])
            world.services.catalog.publish(*named, entry["document"], by="deployment")
    world.clock.forward(seconds=1)
    return project


def test_a_policy_is_published_promoted_and_rolled_back(world, folder, told, typed):
    """Each step says what differs; the label moves by a person, for a reason."""
    file = folder / "catalog" / "policies" / "default.toml"
    file.write_text(file.read_text().replace("32768", "16384"))

    published = told("policies", "publish", "default", *WHY)
    promoted = told("policies", "promote", "default", "--latest", *WHY)

    assert (published["new"], published["below"]) == (True, [])
    assert any("16384" in line for line in published["diff"] if line.startswith("+"))
    assert (promoted["version"], promoted["before"]) == (published["version"], published["live"])
    assert "published already, and live" in typed("policies", "publish", "default", *WHY).stdout
    world.clock.forward(seconds=1)
    back = told("policies", "rollback", "default", *WHY)
    assert (back["version"], back["why"]) == (published["live"], "stricter")


def test_files_that_do_not_hold_are_not_sent(folder, typed, functions):
    """With file and key."""
    file = folder / "catalog" / "policies" / "default.toml"
    file.write_text(file.read_text() + "\n[answer.business.rules]\none = 'answer.refund = 1'\n")

    result = typed("policies", "publish", "default", *WHY)

    assert result.exit_code == 1
    assert "answer.business.rules.one" in result.stderr
    assert functions.asked == []


def test_a_child_that_the_stage_finds_weaker_is_refused(world, folder, typed, told):
    """The files agree with each other; above the child something stricter is live here."""
    file = folder / "catalog" / "policies" / "default.toml"
    strict = file.read_text()
    file.write_text(strict.replace("32768", "16384"))
    told("policies", "publish", "default", *WHY)
    told("policies", "promote", "default", "--latest", *WHY)
    file.write_text(strict)
    child = file.with_name("desk.toml")
    child.write_text('name = "desk"\npurpose = "A task."\nlevel = "task"\nextends = "default"\n')

    result = typed("policies", "publish", "desk", *WHY)

    assert result.exit_code == 4
    assert "max_answer_bytes: is weaker than 'default'" in result.stderr
