"""A model provider on the loopback: a real HTTP process that speaks the vendors' contracts.

OpenAI's chat completions below `<url>`, Amazon Bedrock's Converse below its host; the others are
in `tests/loopback_vendors.py`.

It checks what it is given (a system text first, a question last, a schema, a bound on the
answer), counts a token for four bytes, and answers with the first enum values of the schema. As
`python -m tests.loopback_model` it prints one JSON line {"url": …} and serves until its
standard input ends; `--log FILE` keeps one JSON line a request.

`POST <url>/_next` with a list makes the next answers wrong, and no others, one entry a request:
`{"text": …, "finish_reason": …}` in place of what it would say, `{"status": 429, "retry_after":
"30"}` in place of any answer, `{"raw": "<html>"}` for a body that is no JSON, `{"pad": 50000000}`
for one that is as long, `{"drop": true}` for a connection that ends, `{"hang": true}` for one on
which nothing comes any more. `POST <url>/_obey` with true or false makes the model of OpenAI's
contract obey whatever it reads, or no longer: the question's text stands in every text of its
answer then, and the last word of each list.

It is a small asyncio protocol and no web framework, since the bench measures against it.
"""

import argparse
import asyncio
import hashlib
import json
import re
import sys
from collections import deque
from pathlib import Path
from typing import Any

from tests.loopback_vendors import CONTRACTS

DRAFT = " ".join(
    (
        "Thank you for your message, and for the details that you gave us. A colleague who knows",
        "about this is looking into it now, and will compare what you wrote with what we have on",
        "record: the order, the invoice that belongs to it, and the messages that we exchanged.",
        "You need not do anything until then. If you have a reference number at hand, a picture,",
        "or the exact words of an error, simply answer this message and add it; that is often what",
        "saves a day. If something about it is urgent, say so in the first line, and somebody will",
        "call you. You will hear from us within one working day, also where the answer is that it",
        "takes longer, and why. Should we have to give money back to you, it goes to the account",
        "that it came from, usually within three working days after a colleague has confirmed it.",
        "We are sorry for the trouble, and thank you for your patience.",
    )
)
"""As long as such answers are."""


CLOSING = ("spam",)
"""Words that lead a ticket another declared way."""
_FRAME = 40
"""Tokens of an answer besides its texts."""
_FENCED = re.compile(r"<<<([0-9a-f]{16})\n(.*?)\n\1>>>", re.DOTALL)


def tokens(text: str) -> int:
    """Return how many tokens *text* takes: four bytes each, as in English prose."""
    return -(-len(text.encode()) // 4)


def answer_to(schema: dict[str, Any]) -> dict[str, Any]:
    """Return a value that fits *schema*, which is an object of enums, numbers and texts."""
    value: dict[str, Any] = {}
    for name, part in schema["properties"].items():
        if "enum" in part:
            value[name] = part["enum"][0]
        elif part.get("type") == "number":
            value[name] = 0.75
        else:
            value[name] = DRAFT
    return value


def obedient(schema: dict[str, Any], question: str, most: int) -> dict[str, Any]:
    """Return what a model says that puts the *question* wherever *schema* lets it.

    In *most* tokens, where no provider goes on: as many characters as take no more, escaped.
    """
    told = _FENCED.findall(question)
    text = (told[-1][1] if told else question).strip()
    value: dict[str, Any] = {}
    for name, part in schema["properties"].items():
        if "enum" in part:
            value[name] = next(one for one in reversed(part["enum"]) if one not in CLOSING)
        elif part.get("type") == "number":
            value[name] = 1  # as sure as can be
        else:
            said = text.ljust(part.get("minLength", 0), ".")[: part.get("maxLength", None)]
            while tokens(json.dumps(said)) > most - _FRAME:
                said = said[: len(said) * 3 // 4]
            value[name] = said
    return value


def asked_for(body: dict[str, Any]) -> dict[str, Any]:
    """Return the schema: of the provider's own form, else the one in the prompt."""
    if "response_format" in body:
        return dict(body["response_format"]["json_schema"]["schema"])
    return in_prompt(body["messages"][0]["content"])


def in_prompt(system: str) -> dict[str, Any]:
    """Return the schema that ends a system text; AssertionError if none does."""
    _, told, schema = system.rpartition("JSON Schema:\n")
    assert told, "a schema, in one form or the other"
    return dict(json.loads(schema))


def completion(body: dict[str, Any], wrong: dict[str, Any]) -> dict[str, Any]:
    """Return the completion of a request; AssertionError if it is not as it should be."""
    messages = body["messages"]
    assert messages[0]["role"] == "system", "the system text comes first"
    assert messages[-1]["role"] == "user", "the question comes last"
    assert all(isinstance(m["content"], str) and m["content"] for m in messages), "texts"
    assert 0 < body["max_tokens"] <= 4096, "the answer is bounded"
    schema = asked_for(body)
    question, most = messages[-1]["content"], body["max_tokens"]
    meant = obedient(schema, question, most) if wrong.get("obey") else answer_to(schema)
    text = wrong.get("text", json.dumps(meant))
    finish = wrong.get("finish_reason", "stop")
    prompt = sum(tokens(message["content"]) for message in messages)
    return {
        "id": "chatcmpl-loopback",
        "object": "chat.completion",
        "model": body["model"],
        "choices": [
            {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": finish}
        ],
        "usage": {
            "prompt_tokens": prompt,
            "completion_tokens": tokens(text),
            "total_tokens": prompt + tokens(text),
        }
        | wrong.get("usage", {}),
    }


def content(body: dict[str, Any]) -> dict[str, Any]:
    """Return Converse's answer: a call of the one tool that was given, else a text."""
    if "toolConfig" not in body:
        return {"text": json.dumps(answer_to(in_prompt(body["system"][0]["text"])))}
    [tool] = body["toolConfig"]["tools"]
    name = body["toolConfig"]["toolChoice"]["tool"]["name"]
    assert tool["toolSpec"]["name"] == name, "the schema's tool is the one to be called"
    answer = answer_to(tool["toolSpec"]["inputSchema"]["json"])
    return {"toolUse": {"toolUseId": "t1", "name": name, "input": answer}}


def converse(body: dict[str, Any], authorization: str, wrong: dict[str, Any]) -> dict[str, Any]:
    """Return Converse's answer of a request; AssertionError if it is not as it should be."""
    assert authorization.startswith("AWS4-HMAC-SHA256 Credential="), "a signature"
    assert body["system"][0]["text"], "the system text"
    assert body["messages"][-1]["role"] == "user", "the question comes last"
    assert 0 < body["inferenceConfig"]["maxTokens"] <= 4096, "the answer is bounded"
    part = {"text": wrong["text"]} if "text" in wrong else content(body)
    stop = STOPS[wrong.get("finish_reason", "tool" if "toolUse" in part else "stop")]
    texts = [p["text"] for m in body["messages"] for p in m["content"]]
    asked, said = sum(map(tokens, texts)), tokens(json.dumps(part))
    return {
        "output": {"message": {"role": "assistant", "content": [part]}},
        "stopReason": stop,
        "usage": {"inputTokens": asked, "outputTokens": said, "totalTokens": asked + said},
        "metrics": {"latencyMs": 1},
    }


def said_to(
    path: str, headers: dict[str, str], body: dict[str, Any], wrong: dict[str, Any]
) -> dict[str, Any]:
    """Return the answer of the contract that *path* belongs to; AssertionError if it is none's."""
    if path.endswith("/converse"):
        return converse(body, headers.get("authorization", ""), wrong)
    contract = next((said for end, said in CONTRACTS.items() if path.endswith(end)), None)
    if contract is not None:
        return contract(body, headers, wrong, answer_to, in_prompt)
    assert path.endswith("/chat/completions"), "the path of chat completions"
    return completion(body, wrong)


STOPS = {
    "stop": "end_turn",
    "tool": "tool_use",
    "length": "max_tokens",
    "content_filter": "content_filtered",
}
ERRORS = {
    401: "AccessDeniedException",
    429: "ThrottlingException",
    500: "InternalServerException",
    503: "ServiceUnavailableException",
}


def told(body: dict[str, Any]) -> dict[str, str]:
    """Return who was asked, and what it was told besides the question: a digest each."""
    said = {"system": (body.get("messages") or [{}])[0], "schema": body.get("response_format")}
    named = {
        name: hashlib.sha256(json.dumps(one, sort_keys=True).encode()).hexdigest()[:16]
        for name, one in said.items()
    }
    return {"model": str(body.get("model", "")), **named}


class Provider(asyncio.Protocol):
    """One connection; requests are answered in order."""

    obeys = False
    """Whether all of them obey what they read."""

    def __init__(self, log: Path | None, wrong: "deque[dict[str, Any]]") -> None:
        self.log = log
        self.wrong = wrong
        self.buffer = b""
        self.transport: Any = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        while (end := self.buffer.find(b"\r\n\r\n")) >= 0:
            head = self.buffer[:end].decode("latin-1").split("\r\n")
            lines = (line.partition(":") for line in head[1:])
            headers = {name.strip().lower(): value.strip() for name, _, value in lines}
            length = int(headers.get("content-length", "0"))
            if len(self.buffer) < end + 4 + length:
                return
            body = self.buffer[end + 4 : end + 4 + length]
            self.buffer = self.buffer[end + 4 + length :]
            self.reply(head[0].split()[1], headers, body)

    def reply(self, path: str, headers: dict[str, str], body: bytes) -> None:
        status, answer, more = "200 OK", {}, ""
        if path.endswith("/_next"):
            self.wrong.clear()
            self.wrong.extend(json.loads(body))
            self.write(status, more, json.dumps({"due": len(self.wrong)}))
            return
        if path.endswith("/_obey"):
            Provider.obeys = json.loads(body)
            self.write(status, more, json.dumps({"obeys": Provider.obeys}))
            return
        wrong = self.wrong.popleft() if self.wrong else {"obey": Provider.obeys}
        if wrong.get("drop"):
            self.transport.abort()
            return
        if wrong.get("hang"):
            return
        try:
            answer = said_to(path, headers, json.loads(body), wrong)
        except (AssertionError, KeyError, ValueError) as problem:
            status = "400 Bad Request"
            answer = {"error": {"message": str(problem), "code": "unexpected"}}
        if "status" in wrong:
            status, answer = f"{wrong['status']} Wrong", {"error": {"message": "as asked for"}}
            more = f"retry-after: {wrong['retry_after']}\r\n" if "retry_after" in wrong else ""
            more += f"x-amzn-errortype: {ERRORS[wrong['status']]}\r\n"
        if self.log is not None:
            line = {"once": headers.get("idempotency-key"), "status": status[:3]}
            line["authorization"] = headers.get("authorization")
            line |= told(json.loads(body))
            with self.log.open("a", encoding="utf-8") as log:
                log.write(json.dumps(line) + "\n")
        content = wrong.get("raw", json.dumps(answer)) + " " * wrong.get("pad", 0)
        self.write(status, more, content)

    def write(self, status: str, more: str, text: str) -> None:
        content = text.encode()
        head = f"HTTP/1.1 {status}\r\ncontent-type: application/json\r\n{more}"
        head += f"content-length: {len(content)}\r\n\r\n"
        self.transport.write(head.encode() + content)


async def serve(port: int, log: Path | None) -> None:
    """Serve until standard input ends."""
    loop = asyncio.get_running_loop()
    wrong: deque[dict[str, Any]] = deque()
    server = await loop.create_server(lambda: Provider(log, wrong), "127.0.0.1", port)
    listening = server.sockets[0].getsockname()[1]
    print(json.dumps({"url": f"http://127.0.0.1:{listening}/v1"}), flush=True)
    async with server:
        await loop.run_in_executor(None, sys.stdin.read)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--log", type=Path)
    arguments = parser.parse_args()
    asyncio.run(serve(arguments.port, arguments.log))


if __name__ == "__main__":
    main()
