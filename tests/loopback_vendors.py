"""Three more vendors' contracts for the loopback provider, as each vendor publishes it.

Anthropic's Messages, OpenAI's Responses, Gemini's generateContent. Each refuses a request that its
vendor would refuse, and says what `wrong` asks for in its vendor's own words.
"""

import json
from collections.abc import Callable
from typing import Any

Fill = Callable[[dict[str, Any]], dict[str, Any]]
"""Schema -> a value that fits it."""
InPrompt = Callable[[str], dict[str, Any]]
"""System text -> the schema that ends it."""


def messages(
    body: dict[str, Any], headers: dict[str, str], wrong: dict[str, Any], fill: Fill, told: InPrompt
) -> dict[str, Any]:
    """Return Anthropic's message (docs.anthropic.com, Messages API)."""
    assert headers.get("anthropic-version") == "2023-06-01", "the header anthropic-version"
    assert headers.get("x-api-key"), "the header x-api-key"
    assert body["messages"][0]["role"] == "user", "the first message is the user's"
    assert 0 < body["max_tokens"] <= 4096, "max_tokens"
    part: dict[str, Any]
    if "tools" in body:
        [tool] = body["tools"]
        assert body["tool_choice"]["name"] == tool["name"], "the tool that is to be called"
        part = {"type": "tool_use", "id": "t1", "name": tool["name"], "input": {}}
        part["input"] = fill(tool["input_schema"])
    else:
        form = body.get("output_config", {}).get("format")
        schema = form["schema"] if form else told(body["system"])
        part = {"type": "text", "text": json.dumps(fill(schema))}
    if "text" in wrong:
        part = {"type": "text", "text": wrong["text"]}
    stops = {"length": "max_tokens", "content_filter": "refusal"}
    end = "tool_use" if part["type"] == "tool_use" else "end_turn"
    return {
        "id": "msg_loopback",
        "type": "message",
        "role": "assistant",
        "model": body["model"],
        "content": [part],
        "stop_reason": stops.get(wrong.get("finish_reason", ""), end),
        "usage": {"input_tokens": _words(body), "output_tokens": _words(part)},
    }


def responses(
    body: dict[str, Any], headers: dict[str, str], wrong: dict[str, Any], fill: Fill, told: InPrompt
) -> dict[str, Any]:
    """Return OpenAI's response (platform.openai.com, Responses API)."""
    assert headers.get("authorization", "").startswith("Bearer "), "a bearer key"
    assert body["input"][-1]["role"] == "user", "the question comes last"
    assert body["store"] is False, "nothing is kept"
    assert 16 <= body["max_output_tokens"] <= 4096, "max_output_tokens"
    form = body.get("text", {}).get("format", {})
    if form.get("type") == "json_schema":
        assert form["strict"] is True, "strict"
        assert form["schema"]["additionalProperties"] is False, "additionalProperties"
        assert set(form["schema"]["required"]) == set(form["schema"]["properties"]), "required"
    schema = form["schema"] if "schema" in form else told(body["instructions"])
    text = wrong.get("text", json.dumps(fill(schema)))
    part = {"type": "output_text", "text": text, "annotations": []}
    if wrong.get("finish_reason") == "content_filter":
        part = {"type": "refusal", "refusal": "I can't help with that."}
    cut = wrong.get("finish_reason") == "length"
    return {
        "id": "resp_loopback",
        "object": "response",
        "model": body["model"],
        "status": "incomplete" if cut else "completed",
        "incomplete_details": {"reason": "max_output_tokens"} if cut else None,
        "output": [{"type": "message", "role": "assistant", "content": [part]}],
        "usage": {"input_tokens": _words(body["input"]), "output_tokens": _words(part)},
    }


def generate(
    body: dict[str, Any], headers: dict[str, str], wrong: dict[str, Any], fill: Fill, told: InPrompt
) -> dict[str, Any]:
    """Return Gemini's answer (ai.google.dev, generateContent)."""
    assert headers.get("x-goog-api-key"), "the header x-goog-api-key"
    assert {content["role"] for content in body["contents"]} <= {"user", "model"}, "roles"
    config = body["generationConfig"]
    assert 0 < config["maxOutputTokens"] <= 4096, "maxOutputTokens"
    if "responseJsonSchema" in config:
        assert config["responseMimeType"] == "application/json", "responseMimeType"
        schema = config["responseJsonSchema"]
    else:
        schema = told(body["systemInstruction"]["parts"][0]["text"])
    text = wrong.get("text", json.dumps(fill(schema)))
    finishes = {"length": "MAX_TOKENS", "content_filter": "SAFETY"}
    finish = finishes.get(wrong.get("finish_reason", ""), "STOP")
    candidate: dict[str, Any] = {"index": 0, "finishReason": finish}
    if finish != "SAFETY":
        candidate["content"] = {"role": "model", "parts": [{"text": text}]}
    return {
        "candidates": [candidate],
        "usageMetadata": {
            "promptTokenCount": _words(body["contents"]),
            "candidatesTokenCount": _words(text),
        },
        "modelVersion": "loopback-1",
        "responseId": "loopback",
    }


CONTRACTS = {"/v1/messages": messages, "/responses": responses, ":generateContent": generate}
"""How a path ends -> the contract that it belongs to."""


def _words(said: Any) -> int:
    return len(json.dumps(said).split())
