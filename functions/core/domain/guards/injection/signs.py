# ruff: noqa: E501 - a pattern reads best with an alternative a line
"""What in a text speaks for injection: each sign with its family, its layer and what it means.

Signs of the layer `acts` are patterns over the string of word classes (`lexicon.CLASSES`), so one
pattern holds for all languages; `[^|]` is any word of the same sentence. Signs of the layer
`marks` are patterns over the text itself: what imitates a chat's own machinery.
"""

import re
from dataclasses import dataclass
from typing import Final, Literal

Layer = Literal["hidden", "acts", "marks", "decoding"]


@dataclass(frozen=True)
class Sign:
    """One thing that is looked for.

    Attributes
    ----------
    most
        How often it counts: a long text is no worse for saying a thing a tenth time.
    needs
        Classes of words, or folded texts, of which one has to occur before the pattern is tried:
        most texts have none, and it costs much less to see that.
    or_needs
        What takes a pattern to say so: it, or one of *needs*.
    """

    name: str
    family: str
    layer: Layer
    pattern: re.Pattern[str]
    needs: tuple[str, ...]
    most: int = 2
    or_needs: re.Pattern[str] | None = None


def _act(name: str, family: str, needs: str, pattern: str, most: int = 2) -> Sign:
    return Sign(name, family, "acts", re.compile(pattern), tuple(needs.split()), most)


def _mark(
    name: str, family: str, needs: str, pattern: str, most: int = 2, or_needs: str = ""
) -> Sign:
    whole = re.compile(pattern, re.IGNORECASE | re.MULTILINE)
    rest = re.compile(or_needs) if or_needs else None
    return Sign(name, family, "marks", whole, tuple(needs.split(", ")), most, rest)


ACTS: Final = (
    # setting aside what the model was told
    _act(
        "override_what_came_before",
        "override",
        "o",
        r"o[^|]{0,4}?p[^|]{0,3}?[igsS]|o[^|]{0,4}?[igsS][^|]{0,4}?p|p[^|]{0,2}?[ig][^|]{0,4}?o"
        r"|o[^|]{0,3}?[sS]|o[^|]{0,3}?a[^|]{0,5}?p",
    ),
    _act(
        "override_rules",
        "override",
        "o v",
        r"o[^|]{0,3}?(?:a[^|]{0,3}?|y[^|]?)[ig]|[ig][^|]{0,3}?n[^|]{0,2}?v",
    ),
    _act("from_now_on", "override", "t", r"t[^|]{0,6}?[ymdckq]"),
    _act("another_task", "override", "w", r"w"),
    # another self
    _act("be_somebody", "role_play", "c", r"c[^|]{0,6}?[mujk]|[ym][^|]{0,8}?c|c[^|]{0,4}?y"),
    _act("name_of_a_jailbreak", "role_play", "j", r"j", 4),
    _act("model_is_addressed", "role_play", "m", r"y[^|]{0,3}?m|^[^|]{0,5}m|m[^|]{0,4}?y"),
    _act("stay_so", "role_play", "k", r"k", 3),
    # no rules
    _act("no_rules", "no_limits", "n", r"[n][^|]{0,5}?[geu]|[ge][^|]{0,3}?n", 4),
    _act("model_without_limits", "no_limits", "u", r"[my][^|]{0,4}?u[^|]{0,3}?m|u[^|]?m", 2),
    _act("without_limits", "no_limits", "u", r"u", 4),
    _act("never_refuse", "no_limits", "n q", r"[qn][^|]{0,6}?[dn]|a[^|]{0,3}?n", 3),
    # what nobody is to see
    _act("what_nobody_is_shown", "extraction", "s", r"s"),
    _act("show_what_came_before", "extraction", "s S", r"[rdz][^|]{0,7}?[sS]|s[^|]{0,5}?[rz]"),
    _act(
        "show_your_own",
        "extraction",
        "i g b l",
        r"[rdz][^|]{0,5}?(?:y[^|]{0,2}?[igb]|[bp][^|]{0,2}?[ig])|[rd][^|]{0,3}?ai|[ym][^|]{0,3}?l",
    ),
    _act("tell_a_secret", "extraction", "x", r"[rv][^|]{0,6}?x|x[^|]{0,5}?y"),
)

MARKS: Final = (
    _mark(
        "role_of_a_chat",
        "forged_role",
        "<, [inst, [sys, system, developer, ##",
        r"<\|?/?(?:system|assistant|user|im_start|im_end|endoftext|instructions?|admin|prompt)\b[^>\n]{0,40}>"
        r"|\[/?(?:INST|SYS|SYSTEM)\]|<</?SYS>>|</s>|<start_of_turn>"
        r"|^[ \t>*#]*(?:system|developer)(?: (?:message|prompt|note|instruction|override|messenger))?s?[ \t*]*:"
        r"|^#{2,}[ \t]*(?:system|instruction|assistant|human|user)s?\b",
    ),
    _mark(
        "end_of_the_data",
        "forged_delimiter",
        "</, end of",
        r"<<<[0-9a-f]{8,}|[0-9a-f]{16}>>>"
        r"|(?<![-=#*%~_<\[])[-=#*%~_<\[]{3,}[ \t]*(?:end|begin|start|stop|new)\b[^\n]{0,48}?[-=#*%~_>\]]{3,}"
        r"|\bend of (?:the )?(?:data|document|text|input|context|user input|system prompt|message)\b"
        r"|</(?:data|document|context|input|untrusted|text)>",
        or_needs=r"[-=#*%~_<>\[][-=#*%~_<>\[]{2}",
    ),
    _mark(
        "call_of_a_tool",
        "forged_call",
        '"role, "name, "tool, "function, <tool, <function, <invoke',
        r"\"(?:tool_calls?|function_call|tool_use|tool_name)\"\s*:"
        r"|\"(?:role)\"\s*:\s*\"(?:system|assistant|developer|tool)\""
        r"|\"(?:name|function)\"\s*:\s*\"[\w.]+\"\s*,\s*\"(?:arguments|parameters|input)\"\s*:"
        r"|<(?:tool_call|function_calls?|invoke|tool_use)\b",
    ),
    _mark(
        "data_leaves_in_a_link",
        "exfiltration",
        "http, url, link, query, image, parameter",
        r"!\[[^\]\n]{0,80}\]\(\s*https?://[^)\s]{0,200}[?&=/](?:[^)\s]{0,200}(?:\{|\[|<|%7b|\$)|[^)\s]{0,200}=\))"
        r"|<img\b[^>]{0,200}src\s*=\s*[\"']?https?://[^>\"']{0,200}(?:=|\{)"
        r"|https?://[^\s)\"']{0,200}=[\[{<(](?:[^\s]{0,40})"
        r"|\b(?:append|add|put|encode|include|insert) [^.\n]{0,60}\b(?:to|in|into|as)\b[^.\n]{0,30}\b(?:url|link|query|image|parameter)",
    ),
    _mark(
        "place_for_a_prompt",
        "demand",
        "[, {, prompt is, question is, request is, query is, prompt:",
        r"\[(?:insert|your|my|prompt|user)[^\]\n]{0,40}(?:prompt|question|here|input|request)[^\]\n]{0,20}\]"
        r"|\{(?:prompt|question|query|user_?input)\}"
        r"|(?:my|first|the|your) (?:first )?(?:prompt|question|request|query) is\b|\bprompt:",
    ),
    _mark(
        "labelled_answers",
        "demand",
        "[, (",
        r"[\[(](?:[🔒🔓⚠️😈🤖][^\])\n]{0,24}|(?:chat|classic|unfiltered|jailbreak|dan|normal|gpt|filtered|developer)[^\])\n]{0,24})[\])]\s*:?",
        3,
    ),
    _mark(
        "hidden_in_a_comment",
        "forged_role",
        "<!--",
        r"<!--[^>]{0,400}\b(?:ignore|instruct|assistant|ai|prompt|system|you must)\b",
    ),
)
SIGNS: Final = (*ACTS, *MARKS)
