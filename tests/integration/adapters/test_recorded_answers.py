"""Answers that providers once sent are read as those who recorded them understood them."""

import os
from pathlib import Path

import pytest

from tests.quality.wire import recordings


@pytest.mark.skipif("DATA" not in os.environ, reason="DATA names a folder with wire/responses")
def test_every_recorded_answer_is_read_as_expected() -> None:
    """Class, retryable, text, tool calls, stop reason, usage, model and wait, in each dialect."""
    read = recordings(Path(os.environ["DATA"]))

    assert read.rows > 0
    assert read.wrong == []
