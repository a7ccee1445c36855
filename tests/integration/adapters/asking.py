"""A small request to a model, as every dialect gets it."""

from typing import Any

from functions.core.domain.ladder import forms_of
from functions.core.domain.models import ModelRequest
from functions.core.domain.sampling import Sampling
from functions.core.domain.targets import Target

PUBLIC = {"type": "object", "properties": {"label": {"enum": ["a", "b"]}}}
"""The schema, as a provider may see it."""
NAME = "small"
"""What the target is called."""


def a_request(
    dialect: str, patience: float = 20, sampling: Sampling | None = None, **target: Any
) -> ModelRequest:
    """Return a request with a system text, an example and a question."""
    given = {
        "dialect": dialect,
        "model": "small-1",
        "prices": {
            "input_usd_per_million": "1",
            "output_usd_per_million": "5",
            "as_of": "2026-11-22",
            "source": "test",
        },
        "limits": {"context_tokens": 1000, "output_tokens": 100},
    }
    asked = Target.model_validate(given | target)
    return ModelRequest(
        target_name=NAME,
        target=asked,
        messages=[
            {"role": "system", "content": "Say a or b."},
            {"role": "user", "content": "first"},
            {"role": "assistant", "content": '{"label":"a"}'},
            {"role": "user", "content": "planted question"},
        ],
        schema=PUBLIC,
        schema_name="answer",
        max_output_tokens=50,
        timeout_seconds=patience,
        attempt="run/Step.1/1/nonce",
        form=forms_of(asked)[0],
        sampling=sampling,
    )
