"""What a release holds: one package, all that a deployment is made of, nothing of the tests."""

import subprocess
import zipfile

import pytest

from tests.wheels import ROOT, built


@pytest.fixture(scope="module")
def names(tmp_path_factory):
    """Return the paths in the wheel."""
    with zipfile.ZipFile(built(tmp_path_factory.mktemp("wheel"))) as wheel:
        return set(wheel.namelist())


def of_git(*folders):
    """Return the files of *folders* that git knows or would."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "--", *folders]
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    return {path for path in done.stdout.splitlines() if (ROOT / path).is_file()}


def test_it_installs_one_name(names):
    """No `functions`, no `infra`: those are too common to be ours."""
    tops = {name.split("/")[0] for name in names}

    assert {top for top in tops if not top.endswith(".dist-info")} == {"interlock"}


def test_all_that_a_deployment_is_made_of_is_inside(names):
    """Every source of the platform, and of the package itself."""
    platform = of_git("functions", "infra", "statemachines/platform", "requirements")

    assert {f"interlock/_platform/{path}" for path in platform} - names == set()
    assert of_git("interlock") - names == set()


def test_nothing_of_the_tests_and_of_this_checkout_is_inside(names):
    """Neither tests, nor what teams declare here, nor bytecode."""
    unwanted = (
        "tests/",
        "/triage_ticket/",
        "/classify_ticket/",
        "__pycache__",
        ".pyc",
        ".interlock",
    )

    assert [name for name in names if any(part in name for part in unwanted)] == []


def test_a_checkout_that_is_installed_in_place_gets_no_copy(tmp_path):
    """Its sources are the ones that are edited."""
    with zipfile.ZipFile(built(tmp_path, "wheel:editable")) as wheel:
        assert [name for name in wheel.namelist() if "_platform" in name] == []
