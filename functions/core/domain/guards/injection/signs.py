# ruff: noqa: E501 - a pattern reads best with an alternative a line
"""What in a text speaks for injection: each sign with its family, its layer and what it means.

Signs of the layer `acts` are patterns over the string of word classes (`lexicon.CLASSES`), so one
pattern holds for all languages; `[^|]` is any word of the same sentence. Signs of the layer
`marks` are patterns over the text itself: what imitates a chat's own machinery.
"""

import re
from dataclasses import dataclass
from typing import Final, Literal

from functions.core.domain.guards.gate import Gate, Pattern

Layer = Literal["hidden", "acts", "marks", "decoding"]


@dataclass(frozen=True)
class Sign:
    """One thing that is looked for.

    Attributes
    ----------
    most
        How often it counts: a long text is no worse for saying a thing a tenth time.
    """

    name: str
    family: str
    layer: Layer
    pattern: Pattern
    most: int = 2


def _act(name: str, family: str, pattern: str, most: int = 2) -> Sign:
    return Sign(name, family, "acts", Pattern(pattern), most)


def _mark(name: str, family: str, pattern: str, most: int = 2) -> Sign:
    return Sign(name, family, "marks", Pattern(pattern, re.IGNORECASE | re.MULTILINE), most)


_ORDER: Final = r"o(?<!no)(?<!n[y.]o)(?!n)"
"""To set aside, unless it is not to be forgotten."""

ACTS: Final = (
    # setting aside what the model was told
    _act(
        "override_what_came_before",
        "override",
        rf"{_ORDER}[^|X]{{0,4}}?[pP][^|X]{{0,3}}?[igsS]|{_ORDER}[^|X]{{0,4}}?[igsS][^|]{{0,4}}?[pP]"
        rf"|[pP][^|X]{{0,2}}?[ig][^|]{{0,2}}?{_ORDER}|{_ORDER}[^|X]{{0,3}}?[sSY]"
        rf"|{_ORDER}[^|f]{{0,3}}?a[^|f]{{0,5}}?p",
    ),
    _act("override_yours", "override", rf"{_ORDER}[^|]{{0,3}}?y[^|]?[ig]|{_ORDER}[^|]{{0,3}}?Y"),
    _act(
        "override_rules",
        "override",
        rf"{_ORDER}[^|]{{0,3}}?[aCX][^|]{{0,3}}?[ig]|{_ORDER}[^|]{{0,3}}?[ig][^|]?y"
        r"|[ig][^|]{0,3}?n[^|]{0,2}?v",
    ),
    _act(
        "override_the_matter",
        "override",
        rf"{_ORDER}[^|f]{{0,4}}?(?:[pPaC][^|f]{{0,3}}?A|A[^|f]{{0,3}}?p)",
    ),
    _act(
        "told_is_void",
        "override",
        r"[igsSY][^|]{0,3}?p[^|]{0,3}?V|Y[^|]{0,4}?V|a[^|]?[pP]?[^|]?[ig][^|]{0,3}?V",
    ),
    _act("rules_are_void", "override", r"[igsSpY][^|]{0,6}?V"),
    _act("from_now_on", "override", r"t[^|]{0,6}?[ymdckq]"),
    _act("another_task", "override", r"w"),
    _act("something_else", "override", r"W[^|]{0,6}?[drcvy]|[drcvoy][^|]{0,8}?W"),
    # another self
    _act("be_somebody", "role_play", r"c[^|]{0,8}?[muUjk]|[ym][^|]{0,8}?c|c[^|]{0,4}?y"),
    _act("name_of_a_jailbreak", "role_play", r"j", 4),
    _act("model_is_addressed", "role_play", r"y[^|]{0,3}?m|^[^|]{0,5}m|m[^|]{0,4}?y"),
    _act("note_to_a_model", "demand", r"N[^|]{0,2}?m"),
    _act("model_reads_it", "demand", r"mR|[RB][^|]{0,5}?m[^|]?q|m[^|]{0,2}?B"),
    _act("model_has_to", "demand", r"m[^|]?q|mi"),
    _act("stay_so", "role_play", r"k", 3),
    # no rules
    _act("no_rules", "no_limits", r"n[^|]{0,4}?[geU]|[ge][^|]{0,2}?n", 2),
    _act("model_without_limits", "no_limits", r"[my][^|]{0,4}?[uU][^|]{0,3}?m|[uU][^|]?m", 2),
    _act("without_limits", "no_limits", r"u", 4),
    _act("unleashed", "no_limits", r"U", 2),
    _act(
        "never_refuse",
        "no_limits",
        r"n[^|]{0,3}?Z|Zn|[qn][^|]{0,3}?d|d[^|]{0,3}?[aC][^|]{0,3}?n",
        3,
    ),
    # what nobody is to see
    _act("what_nobody_is_shown", "extraction", r"s"),
    _act("what_you_were_told", "extraction", r"Y"),
    _act(
        "show_what_came_before",
        "extraction",
        r"[rdzQ][^|X]{0,7}?[sSY]|[sY][^|]{0,5}?[rz]",
    ),
    _act("order_to_show", "extraction", r"(?:^|(?<=\|))[^|cQ]{0,3}?[rz][^|XQ]{0,5}?s"),
    _act("show_yours", "extraction", r"[rQ][^|X]{0,7}?(?:y[^|]?[sS]|Y)|Y[^|]{0,8}?\|?r"),
    _act(
        "show_your_own",
        "extraction",
        r"[rdzQ][^|]{0,5}?(?:y[^|]{0,2}?[igb]|[bpP][^|]{0,2}?[ig])|[rd][^|]{0,3}?[aC]i|[ym][^|]{0,3}?l"
        r"|y[bpP]{1,2}i",
    ),
    _act("word_for_word", "extraction", r"[sSYip][^|]{0,9}?\|?[^|]{0,4}?L|L[^|]{0,6}?[sSYip]"),
    _act("tell_a_secret", "extraction", r"(?<!n)(?<!n.)[rv][^|]{0,6}?x|x[^|]{0,5}?y"),
    # what is to be done, and by whom it is not to be noticed
    _act("nobody_is_told", "concealment", r"K|n[^|]{0,2}?[Mr][^|]{0,4}?H"),
    _act("decode_and_obey", "concealment", r"D[^|]{0,14}?(?:F|G[^|]{0,2}?i)"),
    _act("nothing_else", "demand", r"[dr][^|]{0,8}?E"),
    _act("your_tools", "demand", r"y[^|]?T|T[^|]{0,3}?y"),
)

MARKS: Final = (
    _mark(
        "role_of_a_chat",
        "forged_role",
        r"<\|?/?(?:system|assistant|user|im_start|im_end|endoftext|instructions?|information|admin|prompt|user_?input|eot_id)\b[^>\n@]{0,40}>"
        r"|\[/?(?:INST|SYS|SYSTEM)\]|<</?SYS>>|</s>|<(?:start|end)_of_turn>"
        r"|^#{3,}[ \t]*(?:system|instruction|assistant|response|human|user|input)s?[ \t]*:"
        r"|^[ \t>*#\[]*system[ \t*\]]*:[^\n]{0,400}\n(?:[^\n]{0,400}\n){0,3}?[ \t>*#\[]*(?:assistant|user|human)[ \t*\]]*:"
        r"|\n[ \t]*assistant[ \t]*:\s*\Z"
        r"|^[ \t>*#]*(?:system|developer) (?:message|prompt|note|instruction|override|messenger|alert|directive)s?[ \t*]*:",
    ),
    _mark(
        "line_of_a_chat",
        "forged_role",
        r"^[ \t>*#\[]*(?:system|developer)[ \t*\]]*:"
        r"|^#{2,}[ \t]*(?:system|instruction|assistant|human|user)s?\b",
    ),
    _mark(
        "end_of_the_data",
        "forged_delimiter",
        r"<<<[0-9a-f]{8,}|[0-9a-f]{16}>>>"
        r"|(?<![-=#*%~_<\[])[-=#*%~_<\[]{2,}[ \t]*(?:end|begin|start|stop|new|continue)\b(?! [a-z ]{0,16}(?:pgp|forwarded|original))"
        r"[^\n]{0,24}?\b(?:data|documents?|text|inputs?|context|prompt|messages?|e-?mails?|instructions?|users?|systems?|task|session|rules|conversation)\b[^\n]{0,24}?[-=#*%~_>\]]{2,}"
        r"|^[ \t]*end of (?:the )?(?:data|document|text|input|context|user input|system prompt|(?:customer |user )?message|e-?mails?)[ \t]*[.:!-]*$"
        r"|</(?:data|document|context|input|untrusted)>",
    ),
    _mark(
        "call_of_a_tool",
        "forged_call",
        r"\"(?:tool_calls?|function_call|tool_use|tool_name)\"\s*:"
        r"|\"(?:role)\"\s*:\s*\"(?:system|assistant|developer|tool)\""
        r"|\"(?:name|function)\"\s*:\s*\"[\w.]+\"\s*,\s*\"(?:arguments|parameters|input)\"\s*:"
        r"|<(?:tool_call|function_calls?|invoke|tool_use)\b",
    ),
    _mark(
        "data_leaves_in_a_link",
        "exfiltration",
        r"!\[[^\]\n]{0,80}\]\(\s*https?://[^)\s]{0,200}[?&=/](?:[^)\s]{0,200}(?:\{|\[|<|%7b|\$)|[^)\s]{0,200}=\))"
        r"|<img\b[^>]{0,200}src\s*=\s*[\"']?https?://[^>\"'\s]{0,200}(?:=[\"'\s>]|\{)"
        r"|https?://[^\s)\"']{0,200}=[\[{<(](?:[^\s]{0,40})"
        r"|\bmarkdown[^.\n]{0,30}\b(?:image|link)\b[^\n]{0,60}https?://"
        r"|\b(?:append|add|put|encode|include|insert) [^.\n]{0,40}\b(?:data|conversations?|chat|history|secrets?|passwords?|messages?|e-?mails?|credentials|keys?|prompt|instructions|names?|answer|information|summary|contents?|details)\b"
        r"[^.\n]{0,40}\b(?:to|in|into|as)\b[^.\n]{0,30}\b(?:url|link|query|image|parameter)",
    ),
    _mark(
        "place_for_a_prompt",
        "demand",
        r"\[(?:insert|your|my|prompt|user)[^\]\n]{0,40}(?:prompt|question|here|input|request)[^\]\n]{0,20}\]"
        r"|\{(?:prompt|question|query|user_?input)\}"
        r"|(?:my|first|the|your) (?:first )?(?:prompt|question|request|query) is\b|\bprompt:",
    ),
    _mark(
        "labelled_answers",
        "demand",
        r"[\[(](?:[🔒🔓⚠️😈🤖][^\])\n]{0,24}|(?:chat|classic|unfiltered|jailbreak|dan|normal|gpt|filtered|developer)[^\])\n]{0,24})[\])]\s*:?",
        3,
    ),
    _mark(
        "hidden_in_a_comment",
        "forged_role",
        r"<!--[^>]{0,400}\b(?:ignore|disregard|instruct|assistant|ai|llms?|language models?|chatbots?|prompt|system|you must)\b"
        r"|<\w+[^>]{0,120}(?:display:\s*none|visibility:\s*hidden|font-size:\s*[01](?:px|pt|em)?\b|opacity:\s*0\b|\bcolor:\s*(?:white|#fff))[^>]{0,80}>"
        r"[^<]{0,300}\b(?:ignore|disregard|instruct|assistant|ai|llms?|language models?|chatbots?|prompt|you must)\b",
    ),
)
SIGNS: Final = (*ACTS, *MARKS)
TRIGGERS: Final = frozenset("oigVtwWcjmNkeUuZdsYSblLxKHDET")
"""Classes of words of which every act has one."""
ORDERS: Final = Gate(*(sign.pattern for sign in ACTS))
MARKED: Final = Gate(*(sign.pattern for sign in MARKS))
