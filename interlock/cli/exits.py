"""How a command ends: every exit code, and the problems that lead to them.

Problem
├── BadProject       1   the project's own files can't be deployed
├── UsageProblem     2   asked in a way that can't be answered
├── NotFound         3   there is no such run, event, task …
├── Refused          4   the control plane, or IAM, said no
└── Unreachable      5   no laptop cloud, no AWS, or the stage is not deployed there

Each says one sentence, and what to do next. Foreign errors are read in one place, `explain`.
"""

from enum import IntEnum
from typing import Any


class Exit(IntEnum):
    """The exit codes of every command."""

    OK = 0
    BAD = 1
    USAGE = 2
    NOT_FOUND = 3
    REFUSED = 4
    UNREACHABLE = 5
    BROKEN = 70
    INTERRUPTED = 130


MEANINGS = {
    Exit.OK: "done",
    Exit.BAD: "the thing asked about is bad: evidence or workflows with findings, a run that "
    "did not succeed (--check, --wait), an event that was refused (--wait), a project that "
    "can't be deployed",
    Exit.USAGE: "wrong usage",
    Exit.NOT_FOUND: "not found",
    Exit.REFUSED: "refused by the control plane or by IAM",
    Exit.UNREACHABLE: "no cloud: nothing runs here, AWS can't be reached, stage not deployed",
    Exit.BROKEN: "a mistake in interlock itself (--debug shows where)",
    Exit.INTERRUPTED: "interrupted",
}


class Problem(Exception):
    """Something the user can do something about."""

    code = Exit.BROKEN

    def __init__(self, what: str, then: str = "") -> None:
        self.what = what
        self.then = then
        super().__init__(what)


class BadProject(Problem):
    """What stands in the project can't be synthesized, or not be brought up."""

    code = Exit.BAD


class UsageProblem(Problem):
    """Asked in a way that can't be answered."""

    code = Exit.USAGE


class NotFound(Problem):
    """There is no such thing."""

    code = Exit.NOT_FOUND


class Refused(Problem):
    """The control plane, or IAM, said no."""

    code = Exit.REFUSED


class Unreachable(Problem):
    """Nobody to talk to."""

    code = Exit.UNREACHABLE


_OF_PROJECT = {
    "DefinitionErrors": "",
    "NoProject": "go to the project's folder, or make one: interlock init DIR",
    "SynthFailed": "",
    "WiringError": "",
}
"""What our own code says is wrong with the files of a project, and what to do about it."""
LONGEST = 300
"""Characters of a foreign message that are shown."""
LOGIN = "sign in (aws sso login, or AWS_PROFILE), or start a laptop cloud: interlock local up"
_EXPIRED = ("ExpiredToken", "ExpiredTokenException", "InvalidClientTokenId", "RequestExpired")
_DENIED = ("AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "403")
_FAILED = ("InternalFailure", "InternalError", "InternalServerError", "ServiceUnavailable")
_GONE = ("ResourceNotFoundException", "NoSuchBucket", "NoSuchKey", "ExecutionDoesNotExist")
_NO_CREDENTIALS = ("no AWS credentials were found that work", LOGIN)
_SIGNED_OUT = ("you are signed out of AWS", LOGIN)
_UNREACHABLE = {
    "NoCredentialsError": _NO_CREDENTIALS,
    "PartialCredentialsError": _NO_CREDENTIALS,
    "ProfileNotFound": ("AWS_PROFILE names no profile of yours", LOGIN),
    "SSOTokenLoadError": _SIGNED_OUT,
    "UnauthorizedSSOTokenError": _SIGNED_OUT,
    "TokenRetrievalError": _SIGNED_OUT,
    "NoRegionError": ("no AWS region is set", "set AWS_REGION, or start a laptop cloud"),
}


def explain(error: Exception) -> Problem:
    """Return *error* of the AWS SDK, of a laptop cloud or of our own code as a problem."""
    if isinstance(error, Problem):
        return error
    response = getattr(error, "response", None)
    if isinstance(response, dict) and "Error" in response:
        return _of_answer(error, response["Error"])
    if type(error).__name__ in _OF_PROJECT:
        return BadProject(str(error), _OF_PROJECT[type(error).__name__])
    if type(error).__name__ == "KeyMissing":
        return UsageProblem(str(error))
    return _unreachable(error) or Problem(
        f"{type(error).__name__}: {error}",
        "this is a mistake in interlock: run it again with --debug and report what it shows",
    )


def _unreachable(error: Exception) -> Unreachable | None:
    kind = type(error).__name__
    if kind in _UNREACHABLE:
        return Unreachable(*_UNREACHABLE[kind])
    if kind in ("NoSuchCloud", "CloudRefused"):
        return Unreachable(str(error), "interlock local status shows which clouds run")
    bases = {base.__name__ for base in type(error).__mro__}
    if bases & {"ConnectionError", "HTTPClientError", "URLError"}:
        return Unreachable(
            "the endpoint does not answer", "check AWS_ENDPOINT_URL or --endpoint and the network"
        )
    return None


def _of_answer(error: Exception, told: dict[str, Any]) -> Problem:
    code, message = str(told.get("Code", "")), str(told.get("Message", ""))[:LONGEST]
    action = getattr(error, "operation_name", "the request")
    if code in _EXPIRED:
        return Unreachable("the AWS credentials have expired or are not valid", LOGIN)
    if code in _DENIED:
        return Refused(
            f"IAM does not allow you {action}",
            "ask for the operator, auditor, author or treasurer role of the stage",
        )
    if code in _GONE:
        return NotFound(f"{action} found nothing there: {message}", "was the stage redeployed?")
    if code.startswith("5") or code in _FAILED:
        return Unreachable(
            f"the cloud failed to answer {action} ({code})",
            "try again; of a laptop cloud, see: interlock local logs server",
        )
    return Refused(f"AWS refused {action}: {code} {message}".strip())
