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
    """

    name: str
    family: str
    layer: Layer
    pattern: re.Pattern[str]
    needs: tuple[str, ...]
    most: int = 2


def _act(name: str, family: str, needs: str, pattern: str, most: int = 2) -> Sign:
    return Sign(name, family, "acts", re.compile(pattern), tuple(needs.split()), most)


def _mark(name: str, family: str, needs: str, pattern: str, most: int = 2) -> Sign:
    whole = re.compile(pattern, re.IGNORECASE | re.MULTILINE)
    return Sign(name, family, "marks", whole, tuple(needs.split(", ")), most)


_ORDER: Final = r"o(?<!no)(?<!n[y.]o)(?!n)"
"""To set aside, unless it is not to be forgotten."""

ACTS: Final = (
    # setting aside what the model was told
    _act(
        "override_what_came_before",
        "override",
        "o",
        rf"{_ORDER}[^|X]{{0,4}}?[pP][^|X]{{0,3}}?[igsS]|{_ORDER}[^|X]{{0,4}}?[igsS][^|]{{0,4}}?[pP]"
        rf"|[pP][^|X]{{0,2}}?[ig][^|]{{0,2}}?{_ORDER}|{_ORDER}[^|X]{{0,3}}?[sSY]"
        rf"|{_ORDER}[^|f]{{0,3}}?a[^|f]{{0,5}}?p",
    ),
    _act(
        "override_yours", "override", "o", rf"{_ORDER}[^|]{{0,3}}?y[^|]?[ig]|{_ORDER}[^|]{{0,3}}?Y"
    ),
    _act(
        "override_rules",
        "override",
        "o v",
        rf"{_ORDER}[^|]{{0,3}}?[aCX][^|]{{0,3}}?[ig]|{_ORDER}[^|]{{0,3}}?[ig][^|]?y"
        r"|[ig][^|]{0,3}?n[^|]{0,2}?v",
    ),
    _act(
        "override_the_matter",
        "override",
        "o",
        rf"{_ORDER}[^|f]{{0,4}}?(?:[pPaC][^|f]{{0,3}}?A|A[^|f]{{0,3}}?p)",
    ),
    _act(
        "told_is_void",
        "override",
        "V",
        r"[igsSY][^|]{0,3}?p[^|]{0,3}?V|Y[^|]{0,4}?V|a[^|]?[pP]?[^|]?[ig][^|]{0,3}?V",
    ),
    _act("rules_are_void", "override", "V", r"[igsSpY][^|]{0,6}?V"),
    _act("from_now_on", "override", "t", r"t[^|]{0,6}?[ymdckq]"),
    _act("another_task", "override", "w", r"w"),
    _act("something_else", "override", "W", r"W[^|]{0,6}?[drcvy]|[drcvoy][^|]{0,8}?W"),
    # another self
    _act("be_somebody", "role_play", "c", r"c[^|]{0,8}?[muUjk]|[ym][^|]{0,8}?c|c[^|]{0,4}?y"),
    _act("name_of_a_jailbreak", "role_play", "j", r"j", 4),
    _act("model_is_addressed", "role_play", "m", r"y[^|]{0,3}?m|^[^|]{0,5}m|m[^|]{0,4}?y"),
    _act("note_to_a_model", "demand", "N", r"N[^|]{0,2}?m"),
    _act("model_reads_it", "demand", "R B", r"mR|[RB][^|]{0,5}?m[^|]?q|m[^|]{0,2}?B"),
    _act("model_has_to", "demand", "m", r"m[^|]?q|mi"),
    _act("stay_so", "role_play", "k", r"k", 3),
    # no rules
    _act("no_rules", "no_limits", "n", r"n[^|]{0,4}?[geU]|[ge][^|]{0,2}?n", 2),
    _act(
        "model_without_limits", "no_limits", "u U", r"[my][^|]{0,4}?[uU][^|]{0,3}?m|[uU][^|]?m", 2
    ),
    _act("without_limits", "no_limits", "u", r"u", 4),
    _act("unleashed", "no_limits", "U", r"U", 2),
    _act(
        "never_refuse",
        "no_limits",
        "n q Z",
        r"n[^|]{0,3}?Z|Zn|[qn][^|]{0,3}?d|d[^|]{0,3}?[aC][^|]{0,3}?n",
        3,
    ),
    # what nobody is to see
    _act("what_nobody_is_shown", "extraction", "s", r"s"),
    _act("what_you_were_told", "extraction", "Y", r"Y"),
    _act(
        "show_what_came_before",
        "extraction",
        "s S Y",
        r"[rdzQ][^|X]{0,7}?[sSY]|[sY][^|]{0,5}?[rz]",
    ),
    _act("order_to_show", "extraction", "s", r"(?:^|\|)[^|cQ]{0,3}?[rz][^|XQ]{0,5}?s"),
    _act("show_yours", "extraction", "s S Y", r"[rQ][^|X]{0,7}?(?:y[^|]?[sS]|Y)|Y[^|]{0,8}?\|?r"),
    _act(
        "show_your_own",
        "extraction",
        "i g b l",
        r"[rdzQ][^|]{0,5}?(?:y[^|]{0,2}?[igb]|[bpP][^|]{0,2}?[ig])|[rd][^|]{0,3}?[aC]i|[ym][^|]{0,3}?l"
        r"|y[bpP]{1,2}i",
    ),
    _act("word_for_word", "extraction", "L", r"[sSYip][^|]{0,9}?\|?[^|]{0,4}?L|L[^|]{0,6}?[sSYip]"),
    _act("tell_a_secret", "extraction", "x", r"(?<!n)(?<!n.)[rv][^|]{0,6}?x|x[^|]{0,5}?y"),
    # what is to be done, and by whom it is not to be noticed
    _act("nobody_is_told", "concealment", "M K H", r"K|n[^|]{0,2}?[Mr][^|]{0,4}?H"),
    _act("decode_and_obey", "concealment", "D", r"D[^|]{0,14}?(?:F|G[^|]{0,2}?i)"),
    _act("nothing_else", "demand", "E", r"[dr][^|]{0,8}?E"),
    _act("your_tools", "demand", "T", r"y[^|]?T|T[^|]{0,3}?y"),
)

MARKS: Final = (
    _mark(
        "role_of_a_chat",
        "forged_role",
        "<, [inst, [sys, system, developer, assistant:, ###",
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
        "system:, developer:, ##",
        r"^[ \t>*#\[]*(?:system|developer)[ \t*\]]*:"
        r"|^#{2,}[ \t]*(?:system|instruction|assistant|human|user)s?\b",
    ),
    _mark(
        "end_of_the_data",
        "forged_delimiter",
        "</, end of, --, ==, ##, **, ~~, __, <<, >>, %%",
        r"<<<[0-9a-f]{8,}|[0-9a-f]{16}>>>"
        r"|(?<![-=#*%~_<\[])[-=#*%~_<\[]{2,}[ \t]*(?:end|begin|start|stop|new|continue)\b(?! [a-z ]{0,16}(?:pgp|forwarded|original))"
        r"[^\n]{0,24}?\b(?:data|documents?|text|inputs?|context|prompt|messages?|e-?mails?|instructions?|users?|systems?|task|session|rules|conversation)\b[^\n]{0,24}?[-=#*%~_>\]]{2,}"
        r"|^[ \t]*end of (?:the )?(?:data|document|text|input|context|user input|system prompt|(?:customer |user )?message|e-?mails?)[ \t]*[.:!-]*$"
        r"|</(?:data|document|context|input|untrusted)>",
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
        r"|<img\b[^>]{0,200}src\s*=\s*[\"']?https?://[^>\"'\s]{0,200}(?:=[\"'\s>]|\{)"
        r"|https?://[^\s)\"']{0,200}=[\[{<(](?:[^\s]{0,40})"
        r"|\bmarkdown[^.\n]{0,30}\b(?:image|link)\b[^\n]{0,60}https?://"
        r"|\b(?:append|add|put|encode|include|insert) [^.\n]{0,40}\b(?:data|conversations?|chat|history|secrets?|passwords?|messages?|e-?mails?|credentials|keys?|prompt|instructions|names?|answer|information|summary|contents?|details)\b"
        r"[^.\n]{0,40}\b(?:to|in|into|as)\b[^.\n]{0,30}\b(?:url|link|query|image|parameter)",
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
        "<!--, style=",
        r"<!--[^>]{0,400}\b(?:ignore|disregard|instruct|assistant|ai|llms?|language models?|chatbots?|prompt|system|you must)\b"
        r"|<\w+[^>]{0,120}(?:display:\s*none|visibility:\s*hidden|font-size:\s*[01](?:px|pt|em)?\b|opacity:\s*0\b|\bcolor:\s*(?:white|#fff))[^>]{0,80}>"
        r"[^<]{0,300}\b(?:ignore|disregard|instruct|assistant|ai|llms?|language models?|chatbots?|prompt|you must)\b",
    ),
)
SIGNS: Final = (*ACTS, *MARKS)

_RARE: Final = re.compile(r"[<>\[{(\"#=*~%_]")
_PLAIN: Final = sorted({need for sign in MARKS for need in sign.needs if not _RARE.search(need)})


def may_be_marked(text: str) -> bool:
    """Say whether folded *text* has what some mark needs: most have no such character, or word."""
    return bool(_RARE.search(text)) or any(map(text.__contains__, _PLAIN))
