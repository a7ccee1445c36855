"""How often the embedded target is right on texts it has not seen.

    python -m tests.bench.embedded DATA [SEED ...]

DATA holds `tasks/banking77.jsonl` (rows `{text, label}`). At most four examples a class go into
the prompt, by a seeded split; every other row is asked, through the same rendering, validation
and port as any other model.
"""

import json
import random
import sys
from collections import Counter
from pathlib import Path
from typing import Any

from functions.core.adapters.embedded_model import EmbeddedModel
from functions.core.domain.ai_tasks import AiTask
from functions.core.domain.answers import read_answer
from functions.core.domain.models import ModelRequest
from functions.core.domain.prompts import render_prompt
from functions.core.domain.targets import Target

EXAMPLES_A_CLASS = 4
TARGET = Target.model_validate(
    {
        "dialect": "embedded",
        "model": "embedded-lexical-1",
        "prices": {
            "input_usd_per_million": "0",
            "output_usd_per_million": "0",
            "as_of": "2026-11-22",
            "source": "free",
        },
        "limits": {"context_tokens": 1_000_000, "output_tokens": 100},
    }
)


def split(
    rows: list[dict[str, str]], seed: int
) -> tuple[list[dict[str, str]], list[dict[str, str]]]:
    """Return (examples, unseen rows), at most four examples a class."""
    shuffled = list(rows)
    random.Random(seed).shuffle(shuffled)
    taken: Counter[str] = Counter()
    shown, unseen = [], []
    for row in shuffled:
        (shown if taken[row["label"]] < EXAMPLES_A_CLASS else unseen).append(row)
        taken[row["label"]] += 1
    return shown, unseen


def task_of(labels: list[str], shown: list[dict[str, str]]) -> AiTask:
    """Return a classification task over *labels* with *shown* as its examples."""
    return AiTask.model_validate(
        {
            "name": "classify_question",
            "purpose": "Which intent a question has.",
            "owner": "bench",
            "team": "bench",
            "system": "Name the intent of the question.",
            "user": "{{ text }}",
            "output_schema": {
                "type": "object",
                "properties": {"label": {"enum": labels}},
                "required": ["label"],
                "additionalProperties": False,
            },
            "variables_schema": {
                "type": "object",
                "properties": {"text": {"type": "string"}},
                "required": ["text"],
                "additionalProperties": False,
            },
            "examples": [
                {"variables": {"text": row["text"]}, "output": {"label": row["label"]}}
                for row in shown
            ],
            "route": "default",
            "policy": "default",
            "limits": {"max_output_tokens": 100},
        }
    )


def embedded_accuracy(data_dir: Path, seed: int) -> float:
    """Return the share of unseen texts whose label the embedded target finds."""
    lines = (data_dir / "tasks" / "banking77.jsonl").read_text().strip().split("\n")
    rows: list[dict[str, str]] = [json.loads(line) for line in lines]
    shown, unseen = split(rows, seed)
    task = task_of(sorted({row["label"] for row in rows}), shown)
    model = EmbeddedModel()
    right = 0
    for row in unseen:
        right += _asked(model, task, row["text"]) == row["label"]
    return right / len(unseen)


def _asked(model: EmbeddedModel, task: AiTask, text: str) -> Any:
    prompt = render_prompt(task, {"text": text}, fence_key=b"bench", max_bytes=1_000_000)
    answer = model.complete(
        ModelRequest(
            target_name="embedded",
            target=TARGET,
            messages=prompt.messages,
            schema=prompt.schema,
            schema_name=prompt.schema_name,
            max_output_tokens=100,
            timeout_seconds=10,
            attempt="bench",
        )
    )
    return read_answer(answer.text, task.output_schema).value["label"]


if __name__ == "__main__":
    for number in [int(given) for given in sys.argv[2:]] or [0]:
        print(f"seed {number}: {embedded_accuracy(Path(sys.argv[1]), number):.3f}")
