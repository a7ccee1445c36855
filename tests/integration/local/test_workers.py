"""Worker processes: what a function finds, and how it ends."""

from __future__ import annotations

import dataclasses
import json
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from interlock.local.clock import Clock
from interlock.local.workers.pool import Function, Pool
from interlock.local.workers.twins import NoTwin, layer_twin, twin
from tests.integration.local.assemblies import STATE, alive, eventually

LOCK = Path(__file__).resolve().parents[3] / "requirements" / "runtime.lock"
SOURCE = """
import os, sys, time, decimal
print("imported")

def handle(event, context):
    print("invoked", event)
    return globals()[event["do"]](event, context)

def environment(event, context):
    return dict(os.environ)

def path(event, context):
    return sys.path

def imports(event, context):
    __import__(event["name"])

def told(event, context):
    told = {k: v for k, v in vars(context).items() if isinstance(v, (str, int))}
    return {**told, "left": context.get_remaining_time_in_millis()}

def fail(event, context):
    raise LookupError("not here")

def leave(event, context):
    os._exit(3)

def hang(event, context):
    time.sleep(600)

def odd(event, context):
    return {1, 2}

def number(event, context):
    return {"d": decimal.Decimal("1.5")}

def much(event, context):
    return "x" * (7 * 1024 * 1024)

def process(event, context):
    return os.getpid()
"""


@pytest.fixture(scope="module")
def code(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("code")
    (folder / "main.py").write_text(SOURCE)
    (folder / "broken.py").write_text("import not_in_any_layer\n")
    (folder / "syntax.py").write_text("def handle(:\n")
    return folder


@pytest.fixture(scope="module", params=[True, False], ids=["fork", "spawn"])
def pool(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Pool]:
    state = tmp_path_factory.mktemp("state")
    keys = {"aws_access_key_id": "k", "aws_secret_access_key": "s", "aws_session_token": "t"}
    pool = Pool(
        endpoint="http://127.0.0.1:9",
        clock=Clock.real(),
        state=state,
        pycache=state / "pycache",
        credentials=lambda role: {**keys, "aws_access_key_id": f"key of {role}"},
        fork=request.param,
    )
    yield pool
    pool.close()


@pytest.fixture
def function(code: Path) -> Function:
    return Function(
        name="shop",
        version="7",
        arn="arn:aws:lambda:us-east-1:123456789012:function:shop:7",
        handler="main.handle",
        role="arn:role",
        timeout_seconds=20,
        memory_mb=256,
        runtime="python3.13",
        log_group="/shop",
        code=str(code),
        layers=(str(twin(LOCK, STATE / "layers")),),
        environment=(("STAGE", "dev"),),
    )


def ask(pool: Pool, function: Function, do: str, **event: object) -> tuple[bool, object]:
    failed, body = pool.invoke(function, json.dumps({"do": do, **event}).encode(), arn="arn:alias")
    return failed, json.loads(body)


def test_a_function_finds_its_environment_and_nothing_of_ours(
    pool: Pool, function: Function, monkeypatch: pytest.MonkeyPatch
):
    """Its own variables, what Lambda adds, and where this cloud is; not what this process has."""
    monkeypatch.setenv("OURS", "secret")
    failed, found = ask(pool, function, "environment")

    assert not failed
    assert isinstance(found, dict)
    assert found["STAGE"] == "dev"
    assert found["AWS_ACCESS_KEY_ID"] == "key of arn:role"
    assert found["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"] == "256"
    assert {key for key in found if not key.startswith(("AWS_", "LAMBDA_"))} == {
        *("STAGE", "LANG", "PATH", "TZ", "_HANDLER", "INTERLOCK_LAPTOP"),
    }


def test_nothing_but_code_layers_and_the_standard_library_is_importable(
    pool: Pool, function: Function
):
    """A dependency that is missing in the layer fails here as it would in Lambda."""
    _, path = ask(pool, function, "path")

    assert isinstance(path, list)
    assert path[:2] == [function.code, function.layers[0]]
    assert not any("site-packages" in part or part in ("", ".") for part in path)
    assert ask(pool, function, "imports", name="boto3") == (False, None)
    for name in ("moto", "click", "interlock", "aws_cdk", "pip"):
        failed, told = ask(pool, function, "imports", name=name)

        assert failed
        assert isinstance(told, dict)
        assert told["errorType"] == "ModuleNotFoundError"


def test_the_context_is_lambdas(pool: Pool, function: Function):
    """All attributes, and the alias that was invoked."""
    _, told = ask(pool, function, "told")

    assert isinstance(told, dict)
    assert told["invoked_function_arn"] == "arn:alias"
    assert (told["function_name"], told["function_version"]) == ("shop", "7")
    assert (told["memory_limit_in_mb"], told["log_group_name"]) == ("256", "/shop")
    assert told["aws_request_id"]
    assert 10_000 < told["left"] <= 20_000


def test_an_exception_is_the_answer(pool: Pool, function: Function):
    """Step Functions matches the bare class name."""
    failed, told = ask(pool, function, "fail")

    assert failed
    assert isinstance(told, dict)
    assert (told["errorType"], told["errorMessage"]) == ("LookupError", "not here")
    assert "in fail" in told["stackTrace"][-1]


def test_a_process_that_dies_is_an_exit_error_and_is_replaced(pool: Pool, function: Function):
    """The next invocation finds another process."""
    _, before = ask(pool, function, "process")
    failed, told = ask(pool, function, "leave")

    assert failed
    assert isinstance(told, dict)
    assert told["errorType"] == "Runtime.ExitError"

    failed, after = ask(pool, function, "process")

    assert not failed
    assert after != before


def test_a_function_is_killed_at_its_timeout(pool: Pool, function: Function):
    """With the error that AWS raises; its process is gone."""
    short = dataclasses.replace(function, timeout_seconds=0.3)
    _, pid = ask(pool, short, "process")
    failed, told = ask(pool, short, "hang")

    assert failed
    assert isinstance(told, dict)
    assert told["errorType"] == "Sandbox.Timedout"
    assert "timed out after 0.30 seconds" in told["errorMessage"]
    assert isinstance(pid, int)
    assert eventually(lambda: not alive({pid}))


@pytest.mark.parametrize(
    ("handler", "kind"),
    [
        ("broken.handle", "Runtime.ImportModuleError"),
        ("missing.handle", "Runtime.ImportModuleError"),
        ("syntax.handle", "Runtime.UserCodeSyntaxError"),
        ("main.nothing", "Runtime.HandlerNotFound"),
    ],
)
def test_a_handler_that_cannot_be_imported_says_so(
    pool: Pool, function: Function, handler: str, kind: str
):
    """At each invocation, as Lambda does."""
    failed, told = ask(pool, dataclasses.replace(function, handler=handler), "told")

    assert failed
    assert isinstance(told, dict)
    assert told["errorType"] == kind


def test_answers_are_what_lambda_can_send(pool: Pool, function: Function):
    """Decimals become numbers, sets are refused, 6 MB is the most."""
    failed, told = ask(pool, function, "odd")

    assert failed
    assert isinstance(told, dict)
    assert told["errorType"] == "Runtime.MarshalError"
    assert ask(pool, function, "number") == (False, {"d": 1.5})

    failed, told = ask(pool, function, "much")

    assert failed
    assert isinstance(told, dict)
    assert told["errorType"] == "Function.ResponseSizeTooLarge"


def test_output_lies_in_the_functions_log(pool: Pool, function: Function):
    """Prints at import and in the handler, and one report an invocation."""
    ask(pool, function, "told")
    log = pool.log_file("shop").read_text()

    assert "imported\n" in log
    assert "invoked {'do': 'told'}" in log
    assert "REPORT RequestId: " in log


def test_one_process_serves_one_invocation_at_a_time(
    code: Path, function: Function, tmp_path: Path
):
    """A pool of one makes the second caller wait."""
    keys = {"aws_access_key_id": "k", "aws_secret_access_key": "s", "aws_session_token": "t"}
    clock = Clock.ticking()
    pool = Pool(
        endpoint="http://127.0.0.1:9",
        clock=clock,
        state=tmp_path,
        pycache=tmp_path / "pycache",
        credentials=lambda _: keys,
        size=1,
    )
    answers: list[tuple[bool, object]] = []
    callers = [
        threading.Thread(target=lambda: answers.append(ask(pool, function, "hang")))
        for _ in range(2)
    ]
    for caller in callers:
        caller.start()
    done: set[int] = set()
    for _ in callers:  # its timeout is virtual: it passes when it is ticked
        busy = eventually(lambda: [w for w in pool.workers() if w["busy"] and w["pid"] not in done])

        assert len(busy) == 1

        done.add(busy[0]["pid"])
        eventually(lambda: clock.tick(function.timeout_seconds + 1) and len(answers) == len(done))
    for caller in callers:
        caller.join(10)
    pool.close()

    assert [failed for failed, _ in answers] == [True, True]


def test_a_layer_without_its_lock_is_refused(tmp_path: Path):
    """Compiled wheels of another platform can't run here, and nothing says what they are."""
    (tmp_path / "python").mkdir()
    (tmp_path / "python" / "fast.so").touch()

    with pytest.raises(NoTwin, match=r"requirements\.txt"):
        layer_twin(tmp_path, STATE / "layers")


def test_a_layer_of_plain_python_is_used_as_it_is(tmp_path: Path):
    """Nothing has to be installed for it."""
    (tmp_path / "python").mkdir()

    assert layer_twin(tmp_path, STATE / "layers") == tmp_path / "python"
