"""Which language a text is in: by its script and, in Latin letters, by its small words.

Made for one question: is this answer in a language that its readers have? It knows the languages
of `LANGUAGES` and says nothing of a text that is short, mixed or in another one.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Mapping
from typing import Final

LETTERS: Final = 20
"""Letters under which nothing is said; of scripts that write words in one or two: a third."""
_WORDS: Final = 4
_ENOUGH: Final = 2.0
"""What the small words of a language have to weigh in a text."""
_AHEAD: Final = 1.4
"""How far it has to be ahead of the next language."""
_MOSTLY: Final = 0.6
"""Share of a text's letters that are of one script."""

_SCRIPTS: Final = {
    "latin": "A-Za-z\u00c0-\u024f\u1e00-\u1eff",
    "greek": "\u0370-\u03ff\u1f00-\u1fff",
    "cyrillic": "\u0400-\u052f",
    "hebrew": "\u0590-\u05ff",
    "arabic": "\u0600-\u06ff",
    "devanagari": "\u0900-\u097f",
    "thai": "\u0e00-\u0e7f",
    "hangul": "\uac00-\ud7a3",
    "kana": "\u3040-\u30ff",
    "han": "\u3400-\u9fff",
}
_LETTER: Final = re.compile("|".join(f"(?P<{n}>[{c}]+)" for n, c in _SCRIPTS.items()))
_ADDRESS: Final = re.compile(r"\S*(?:://|@|www\.)\S*")
"""What is in no language, whatever words it holds."""
_ONE_LANGUAGE: Final = {"greek": "el", "hebrew": "he", "thai": "th", "hangul": "ko"}
_DENSE: Final = frozenset(("han", "kana", "hangul", "thai"))

_SMALL_WORDS: Final = {
    "cs": "je že se na do pro jsem jsme není který která jako ale by to si jak nebo také od ve "
    "byl bylo bude můžete prosím děkujeme vaše váš vám při podle jsou",
    "da": "og det er at en den til som på de med han af for ikke der var jeg et har vi kan skal "
    "eller efter dig din deres ved også hvis blive blev meget noget nogen tak venligst hvordan",
    "de": "der die das und ist nicht ein eine einen mit für auf sich dem den von wir sie ihr ihre "
    "ihnen haben hat wird werden auch bei aus nach oder bitte wurde kann können dass zum zur",
    "en": "the and is of to in that it you for was on are with this have be your we will not from "
    "they our been has please would can by at which their there",
    "es": "el la los las de que y en un una es por con para no su al lo como más pero sus le ha "
    "está se usted nos fue muy también este esta sobre gracias hemos puede",
    "fi": "ja on ei että se oli hän mutta ovat ole kun niin myös tai voi jos mitä olen olemme "
    "teidän meidän sinun tämä kiitos ennen jälkeen kanssa joka sekä vain",
    "fr": "le la les des de et est un une que qui dans pour pas sur au avec nous vous votre notre "
    "ce cette sont plus par ne se mais été avez avons très aussi du vos être merci",
    "hu": "a az és hogy nem is egy van volt de ez meg csak el már még ha vagy minden kell lesz "
    "kérjük köszönjük önnek azt ezt mert szerint után",
    "it": "il lo la gli le di che e è un una per non con del della sono ma come si da più nel "
    "anche questo questa ha sua suo abbiamo può grazie alla dei delle stato vostro",
    "nl": "de het een en van is dat niet op te zijn met voor er aan ook als bij u uw wij we door "
    "naar maar om hebben heeft wordt kunt deze dit onze dank nog worden",
    "no": "og det er at en den til som på de med han av for ikke der var jeg et har vi kan skal "
    "eller etter deg din ved også hvis bli ble mye noe noen takk vennligst hvordan hva",
    "pl": "i w nie na się z do to że jest o jak ale po co tak za od przez dla są być przy ten "
    "który która został prosimy dziękujemy może oraz państwa czy już",
    "pt": "o a os as de que e do da em um uma para não com por mais como mas ao foi se na no dos "
    "das você está seu sua são isso também pode obrigado muito pela pelo já",
    "ro": "și de la în nu o un care cu pe este din pentru că sunt mai au fost prin sau dar "
    "această acest vă dumneavoastră mulțumim după fi ca",
    "sv": "och det att är en som på för av med den till inte om har de ett vi du kan var jag "
    "eller från ska din efter också vid mycket något någon tack vänligen hur blir era",
    "tr": "ve bir bu da de için ile çok olarak olan gibi daha ne var değil sizin ama kadar sonra "
    "mi ise en her lütfen teşekkür ederiz olduğu",
}
_LETTERS_OF: Final = {
    "cs": "ěřů",
    "da": "æø",
    "de": "ß",
    "es": "ñ¿¡",
    "fr": "œ",
    "hu": "őű",
    "no": "æø",
    "pl": "łśźżąę",
    "pt": "ãõ",
    "ro": "țșă",
    "tr": "ğış",
}
"""Letters that hardly another of these languages has; each word with one counts for the language,
shared where two have it."""
_CYRILLIC: Final = {"uk": "іїєґ", "ru": "ыэё", "bg": "ъщ"}
_PERSIAN: Final = frozenset("پچژگک")
LANGUAGES: Final = tuple(
    sorted({*_SMALL_WORDS, *_CYRILLIC, *_ONE_LANGUAGE.values(), "ar", "fa", "hi", "ja", "zh"})
)
"""ISO 639-1, `no` for Norwegian of either kind."""


def _weights(of: Mapping[str, str], split: bool) -> dict[str, dict[str, float]]:
    """Return sign -> language -> weight: one, shared among those that have it."""
    signs: dict[str, list[str]] = {}
    for language, text in of.items():
        for sign in text.split() if split else text:
            signs.setdefault(sign, []).append(language)
    return {sign: dict.fromkeys(known, 1 / len(known)) for sign, known in signs.items()}


_BY_WORD: Final = _weights(_SMALL_WORDS, split=True)
_BY_LETTER: Final = _weights(_LETTERS_OF, split=False)


def language_of(text: str) -> str | None:
    """Return the language of *text*; None where it is short, mixed, or none that is known here."""
    text = _ADDRESS.sub(" ", text)
    letters: Counter[str] = Counter()
    for run in _LETTER.finditer(text):
        letters[run.lastgroup or ""] += run.end() - run.start()
    if not letters:
        return None
    script, most = _joined(letters).most_common(1)[0]
    needed = LETTERS // 3 if script in _DENSE else LETTERS
    if most < needed or most < _MOSTLY * letters.total():
        return None
    if script in _ONE_LANGUAGE:
        return _ONE_LANGUAGE[script]
    if script == "latin":
        return _latin(text.lower())
    return _by_letters(script, letters, text.lower())


def _joined(letters: Counter[str]) -> Counter[str]:
    """Return the counts with Japanese as one script: it is written in two."""
    if "kana" not in letters:
        return letters
    return letters + Counter(kana=letters["han"]) - Counter(han=letters["han"])


def _by_letters(script: str, letters: Counter[str], text: str) -> str | None:
    if script == "kana":
        return "ja" if letters["kana"] * 8 > letters["han"] else "zh"
    if script == "arabic":
        return "fa" if _PERSIAN & set(text) else "ar"
    if script == "cyrillic":
        seen = {name: sum(map(text.count, own)) for name, own in _CYRILLIC.items()}
        best = max(seen, key=lambda name: seen[name])
        # two of these letters are Russian, too
        return "ru" if best == "bg" and seen["ru"] else best if seen[best] else None
    return {"devanagari": "hi", "han": "zh"}.get(script)


def _latin(text: str) -> str | None:
    words = re.findall(r"[^\W\d_]+", text)
    if len(words) < _WORDS:
        return None
    score: defaultdict[str, float] = defaultdict(float)
    for word in words:
        for language, weight in _BY_WORD.get(word, {}).items():
            score[language] += weight
        for letter in _BY_LETTER.keys() & set(word):
            for language, weight in _BY_LETTER[letter].items():
                score[language] += weight / 2
    if not score:
        return None
    best = max(score, key=lambda language: score[language])
    behind = max((weight for language, weight in score.items() if language != best), default=0)
    enough = min(_ENOUGH, len(words) / 5)
    return best if score[best] >= max(enough, _AHEAD * behind) else None
