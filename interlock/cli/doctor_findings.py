"""What a check found: a status, what it is about, and what to do."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum


class Status(StrEnum):
    """How a check went."""

    OK = "ok"
    WARN = "warn"
    """It works without; somebody should look."""
    FAIL = "fail"
    """A deployment, or the stage, does not work like this."""
    SKIP = "skip"
    """It can't be told here, and it is said why."""


@dataclass(frozen=True)
class Finding:
    """One line of the doctor."""

    status: Status
    what: str
    said: str
    then: str = ""


Check = Callable[[], Iterable[Finding]]


def ok(what: str, said: str) -> Finding:
    """Return that *what* is as it should be."""
    return Finding(Status.OK, what, said)


def warn(what: str, said: str, then: str) -> Finding:
    """Return that somebody should look at *what*."""
    return Finding(Status.WARN, what, said, then)


def fail(what: str, said: str, then: str) -> Finding:
    """Return that *what* has to be mended first."""
    return Finding(Status.FAIL, what, said, then)


def skip(what: str, said: str) -> Finding:
    """Return that *what* can't be told here."""
    return Finding(Status.SKIP, what, said)


def done(checks: dict[str, Check]) -> Iterator[Finding]:
    """Do *checks*, by what they are about; one that can't be done is a finding, too."""
    from interlock.cli.exits import Exit, explain

    for what, check in checks.items():
        try:
            yield from check()
        except Exception as error:  # noqa: BLE001  (each check is shown, whatever the others do)
            problem = explain(error)
            if problem.code == Exit.REFUSED:
                yield warn(what, f"can't be told: {problem.what}", problem.then)
            else:
                yield fail(what, problem.what, problem.then)
