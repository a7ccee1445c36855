"""Answers that providers once sent are read as those who recorded them understood them."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from tests.quality.wire import RESPONSES, recordings


@pytest.mark.skipif("DATA" not in os.environ, reason="DATA names a folder with wire/responses")
def test_every_recorded_answer_is_read_as_expected() -> None:
    """Class, retryable, text, tool calls, stop reason, usage, model and wait, in each dialect."""
    read = recordings(Path(os.environ["DATA"]))

    assert read.rows > 0
    assert read.wrong == []


CALL = {"type": "tool_use", "id": "t1", "name": "roll", "input": {"sides": 6}}
ANSWERED = {
    "dialect": "anthropic_messages",
    "response": {
        "status": 200,
        "headers": {"retry-after": ["5"]},
        "body": {
            "model": "small-1",
            "content": [{"type": "text", "text": "Rolling."}, CALL],
            "stop_reason": "tool_use",
            "usage": {"input_tokens": 7, "output_tokens": 3, "cache_read_input_tokens": 2},
        },
    },
    "expect": {
        "class": "tool_use",
        "retryable": False,
        "text": "Rolling.",
        "tool_calls": [{"id": "t1", "name": "roll", "arguments": {"sides": 6}}],
        "stop_reason_raw": "tool_use",
        "usage": {"input_tokens": 7, "output_tokens": 3, "cached_input_tokens": 2},
        "model": "small-1",
    },
}
THROTTLED = {
    "dialect": "gemini_generate",
    "response": {
        "status": 429,
        "headers": {},
        "body": None,
        "body_text": '{"error": {"status": "X", "details": [{"retryDelay": "41s"}]}}',
    },
    "expect": {"class": "rate_limited", "retryable": True, "retry_after_s": "41s"},
}


def judged(folder: Path, recorded: dict[str, Any], **expected: Any) -> list[str]:
    """Return what is said of a recording of which *expected* is expected."""
    due = {**recorded["expect"], **expected}
    (folder / RESPONSES).mkdir(parents=True)
    (folder / RESPONSES / "one.json").write_text(json.dumps({**recorded, "expect": due}))
    return recordings(folder).wrong


@pytest.mark.parametrize("recorded", [ANSWERED, THROTTLED], ids=["answered", "throttled"])
def test_a_recording_that_is_read_as_expected_is_right(recorded: Any, tmp_path: Path) -> None:
    """A wait beside an answer is none."""
    assert judged(tmp_path, recorded) == []


@pytest.mark.parametrize(
    ("recorded", "expected", "said"),
    [
        (ANSWERED, {"class": "ok"}, "class tool_use for ok"),
        (ANSWERED, {"class": "unheard_of"}, "class tool_use for unheard_of"),
        (ANSWERED, {"retryable": True}, "retryable False for True"),
        (ANSWERED, {"text": "Rolling"}, "text 'Rolling.' for 'Rolling'"),
        (ANSWERED, {"tool_calls": []}, "tool_calls [('t1', 'roll', {'sides': 6})] for []"),
        (ANSWERED, {"stop_reason_raw": None}, "stop_reason_raw 'tool_use' for ''"),
        (ANSWERED, {"model": "small-2"}, "model 'small-1' for 'small-2'"),
        (ANSWERED, {"retry_after_s": 5}, "retry_after_s None for 5.0"),
        (ANSWERED, {"usage": {"input_tokens": 9}}, "input_tokens 7 for 9"),
        (ANSWERED, {"usage": {"input_tokens": None}}, "input_tokens 7 for None"),
        (ANSWERED, {"usage": {"cache_write_input_tokens": 0}}, "cache_write_input_tokens None"),
        (ANSWERED, {"usage": {"audio_tokens": 0}}, "audio_tokens is not counted"),
        (THROTTLED, {"retry_after_s": "42s"}, "retry_after_s 41.0 for 42.0"),
        (THROTTLED, {"retry_after_s": "soon"}, "retry_after_s 41.0 for 'soon'"),
        ({**ANSWERED, "dialect": "smoke"}, {}, "no dialect smoke"),
    ],
)
def test_a_recording_that_is_read_otherwise_is_named(
    recorded: Any, expected: Any, said: str, tmp_path: Path
) -> None:
    """With what was read, and what was due."""
    [wrong] = judged(tmp_path, recorded, **expected)

    assert said in wrong
