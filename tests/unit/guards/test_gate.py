"""A gate may let too much through, and never too little."""

import json
import random
import re
from itertools import chain

import pytest

from functions.core.domain.guards import secrets
from functions.core.domain.guards.gate import Gate, Pattern, legible
from functions.core.domain.guards.injection import acts, decoding, detector, folding
from functions.core.domain.guards.injection.lexicon import CLASSES, OTHER, STOP, strings, words
from functions.core.domain.guards.injection.signs import ACTS, MARKED, MARKS, ORDERS, TRIGGERS
from functions.core.domain.guards.personal import dates, labelled, network, payments, phones
from functions.core.domain.guards.personal.detector import PersonalData
from functions.core.domain.guards.personal.schemes import begins
from functions.core.domain.guards.personal.tables import BY_DIGIT, BY_LETTER
from functions.core.domain.guards.secrets import find_secrets
from tests.quality.__main__ import OWN

IGNORED = re.IGNORECASE
GATED = {
    **{sign.name: sign.pattern for sign in MARKS},
    **{name: pattern for name, pattern, _ in decoding._WAYS},
    "letters_apart": folding._LETTERS_APART,
    "leet": folding._LEET_BESIDE,
    "twins": folding._PAIR,
    "scripts": acts._WITHOUT_SPACES,
    "keys": secrets._KEYS,
    "called_a_secret": secrets._CALLED,
    "middle_of_hardware": network.MIDDLE,
    **{f"numbered_{place}": pattern for place, pattern in enumerate(network.NUMBERED)},
    "bic": payments.BIC,
    "named": labelled.NAMED,
    "long": phones._LONG,
}


@pytest.mark.parametrize(
    ("pattern", "flags", "text"),
    [
        (r"(?<![a-z])x(?=y)(?!z)", 0, "1xy"),
        (r"(?<!a[)])c", 0, "c"),
        (r"^b\b|a$", re.MULTILINE, "a\nb"),
        (r"x\b", 0, "x\u0301"),
        (r"a\Z", 0, "ba"),
        (r"(?P<name>a+)(?>b|c)d++e*+f?+", 0, "aabdd"),
        (r"\w\s\W\S\d", 0, "²\x1c\u0301a٣"),
        (r"[\w-][^\w][\W]", 0, "½\u0301\u203f"),
        (r"[b[&~-]{2}", 0, "[&"),
        (r"[+-/]", 0, ","),
        (r"[-a]i", IGNORED, "-\u0131"),
        (r"(?i:i)", 0, "\u0130"),
        (r"ss|k", IGNORED, "\u212a"),
        (r"x{3}y{0,400}z{30,}", 0, "xxx" + "y" * 40 + "z" * 30),
        (r"\<a\>", 0, "<a>"),
        (r"\d\w", re.ASCII, "1a"),
        (r"\bx\b", re.ASCII, "éx-"),
        (r"a.b", re.DOTALL, "a\nb"),
        (r"[a-k]x", IGNORED, "\u0131x"),
    ],
)
def test_what_a_pattern_matches_passes_its_gate(pattern: str, flags: int, text: str) -> None:
    """Whatever the gates' engine lacks, or understands otherwise."""
    assert re.search(pattern, text, flags) is not None
    assert Gate(re.compile(pattern, flags)).may_match(text)
    assert [m[0] for m in Pattern(pattern, flags).finditer(text)]


def test_a_gate_says_no_quickly_and_to_the_point() -> None:
    """A gate that let everything through would cost nothing but time: these don't."""
    for gate in (MARKED, decoding._ENCODED, secrets._SECRET):
        assert not gate.may_match("the parcel came late and one cup was broken")
    assert not ORDERS.may_match("..y.a.|..r..|")


def test_a_pattern_that_repeats_a_group_is_refused() -> None:
    """What stands there instead is for its author to say."""
    with pytest.raises(ValueError, match="repeats no group"):
        Gate(re.compile(r"(a)\1")).may_match("aa")


SAMPLES = [
    "[GPT-like]: sure, (chat): hello",
    "01001000 01100101 01101100 01101100 01101111 00100000 01111001",
    "say %49%67%6E%6F%72%65 and &#73;&#103;&#110;&#111;&#114;",
    "AKIA" + "Q7RS2TUVWXYZ34AB and hf_" + "aB3" * 11 + "d",
    "my api_key: x8Kq2mPz9w, Bearer abcdefghij0123456789",
    "from 10.0.0.17/24, fe80::1:2, 00:1A:2b:3c:4D:5e and 001a.2b3c.4d5e",
    "pay to bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq, SWIFT code: DEUTDEFF500",
    "born 3rd of May-21, on 12 March 1980, 12.03.1980 or 1980-03-12",
]


def _texts() -> list[str]:
    """Return the project's own rows, and what small changes make of some of them."""
    files = sorted(OWN.rglob("*.jsonl"))
    lines = chain.from_iterable(file.read_text(encoding="utf-8").split("\n") for file in files)
    rows = [row["text"] for line in lines if line.strip() and "text" in (row := json.loads(line))]
    chance = random.Random(7)
    changed = [*SAMPLES]
    for text in (*rows[::10] * 10, *SAMPLES * 40):
        letters = [*text[:400]]
        for _ in range(chance.randint(1, 12)):
            at = chance.randrange(len(letters) + 1)
            letters[at:at] = chance.choice(SALT)
        changed.append("".join(letters))
    return rows + changed


SALT = [*"\u0130\u0131\u017f\u212a²½\u0301\x1c\n\t<[]{}()#-~&=%:.@0189aZßéЖ中"]


def test_every_match_passes_its_gate() -> None:
    """Of each pattern behind a gate, over our own texts and what is made of them."""
    texts = _texts()
    seen = set[str]()
    gates = {name: (pattern, Gate(pattern)) for name, pattern in GATED.items()}
    gates["date"] = dates._DATE, Gate(*dates.DATED)
    for name, (pattern, gate) in gates.items():
        search = re.compile(pattern.pattern, pattern.flags).search
        for text in texts:
            if search(text):
                seen.add(name)
                assert gate.may_match(text), (name, text)

    assert seen == set(gates)


def test_every_act_passes_its_gate() -> None:
    """Over strings of word classes drawn by chance."""
    chance = random.Random(1)
    classes = [*CLASSES, OTHER * 3, STOP]
    strings = ["".join(chance.choices(classes, k=chance.randint(1, 9))) for _ in range(3000)]
    for sign in ACTS:
        found = [codes for codes in strings if sign.pattern.compiled.search(codes)]

        assert found, sign.name
        assert all(map(sign.pattern.may_match, found)), sign.name
        assert all(map(ORDERS.may_match, found)), sign.name
        assert all(map(TRIGGERS.intersection, found)), sign.name


def test_every_text_with_a_trigger_passes_its_gate() -> None:
    """Each word and phrase of a class that every act has one of, in a sentence of its language."""
    may_match = detector._TRIGGERED.may_match
    phrases = [
        (" ".join((first, *rest)), code) for first, more in words().items() for rest, code in more
    ]
    for text, code in (*phrases, *strings().items(), ("my-chatgpt", "m")):
        assert may_match(f"so, {text}. é") or code not in TRIGGERS, text
        assert TRIGGERS.isdisjoint(acts.acts(f"x {text}").codes) or may_match(f"x {text}"), text


def test_every_number_passes_its_gate() -> None:
    """Of each scheme, with figures and letters drawn by chance where its shape has them."""
    chance = random.Random(3)
    hits = 0
    for schemes in (BY_DIGIT, BY_LETTER):
        gate = begins([one.shape for one in schemes])
        for one in schemes:
            form = re.sub(r"\{(\d+)(?:,\d+)?\}", r"{\1}", one.shape.pattern)
            for text in (f"{_number(form, chance)} x" for _ in range(60)):
                if one.shape.compiled.match(text):
                    hits += 1
                    assert gate.may_match(text), (one.rule, text)

    assert hits > 1000


def _number(form: str, chance: random.Random) -> str:
    """Return something that may have the *form* of a scheme, by a walk over its simple parts."""
    pieces = re.findall(r"\\d|\[[^\]]+\]|[A-Z0-9]|[ ./-](?=\?)?|\{\d+\}", form.partition("(?!")[0])
    written: list[str] = []
    for piece in pieces:
        if piece[0] == "{":
            again = pieces[pieces.index(piece) - 1]
            written += [_one(again, chance) for _ in range(int(piece[1:-1]) - 1)]
        else:
            written.append(_one(piece, chance))
    return "".join(written)


def _one(piece: str, chance: random.Random) -> str:
    if piece == r"\d":
        return chance.choice("0123456789")
    if piece[0] == "[":
        options = [c for c in map(chr, range(32, 127)) if re.fullmatch(piece, c)]
        return chance.choice(options or [""])
    return piece


def test_a_lone_surrogate_hides_nothing() -> None:
    """No gate reads a text that has one, so the guards put a sign of replacement there."""
    assert legible("a\ud800b") == "a\ufffdb"
    key = "AKIA" + "Q7RS2TUVWXYZ34AB"
    assert [f.kind for f in find_secrets(f"\udfff {key}")] == ["aws_access_key"]
    assert [f.kind for f in PersonalData().find("\ud800 ann@example.org")] == ["email"]
