"""Defences against orders from outside."""

from typing import Final

from tests.adversarial.switches import GUARDS, defence, edited

INJECTION: Final = (
    defence(
        "injection-acts",
        "Orders to a model are known by what they say, in some twenty languages.",
        edited(f"{GUARDS}.injection.detector:_hits", ('if "acts" in layers:', "if False:")),
    ),
    defence(
        "injection-marks",
        "Imitations of a chat's own machinery are known by their form.",
        edited(
            f"{GUARDS}.injection.detector:_hits",
            ('if marks and "marks" in layers and MARKED.may_match(text):', "if False:"),
        ),
    ),
    defence(
        "injection-decoding",
        "What an encoded part says is looked at.",
        edited(
            f"{GUARDS}.injection.detector:look",
            ("hits += _encoded(seen.text, layers)", "pass"),
        ),
    ),
    defence(
        "injection-spelling",
        "Words whose letters stand apart are read as words.",
        edited(
            f"{GUARDS}.injection.detector:look",
            ("more += _spelt_otherwise(folded, len(seen.text))", "pass"),
        ),
    ),
    defence(
        "injection-folding",
        "Letters that look like Latin ones are read as such.",
        edited(f"{GUARDS}.injection.folding:fold", ("if _TWINNED.may_match(folded):", "if False:")),
    ),
    defence(
        "injection-cleaning",
        "A text is looked at without its hidden characters.",
        edited(
            f"{GUARDS}.injection.detector:look",
            ("seen = clean(text)", "seen = type(clean(text))(text)"),
        ),
    ),
    defence(
        "injection-hidden",
        "A message in characters that nobody sees is taken for one.",
        edited(
            f"{GUARDS}.injection.detector:look",
            ('if "hidden" in layers and seen.hidden:', "if False:"),
        ),
    ),
    defence(
        "injection-names",
        "Names of members are looked at like any text.",
        edited(
            f"{GUARDS}.inbound:_Pass._members", ("self.judge(name, look(name), at)", "look(name)")
        ),
    ),
    defence(
        "injection-members",
        "Texts inside records and lists are looked at.",
        edited(
            f"{GUARDS}.inbound:_Pass.over",
            (
                "        if isinstance(value, list):\n",
                "        if isinstance(value, list) and not value:\n",
            ),
        ),
    ),
    defence(
        "injection-block",
        "`block` ends the step.",
        edited(
            f"{GUARDS}.inbound:screen",
            ('if walk.acted and policy.injection.action == "block":', "if False:"),
        ),
    ),
    defence(
        "injection-person",
        "`person` ends the step for somebody to look.",
        edited(
            f"{GUARDS}.inbound:screen",
            ('if walk.acted and policy.injection.action == "person":', "if False:"),
        ),
    ),
    defence(
        "injection-strip",
        "`strip` takes the suspicious sentences out.",
        edited(
            f"{GUARDS}.inbound:_Pass.over",
            ('if suspected and self.rules.action == "strip":', "if False:"),
        ),
    ),
    defence(
        "injection-reminder",
        "`fence` says after the text that orders in it do not count.",
        edited(f"{GUARDS}.inbound:screen", ("reminds=walk.acted", "reminds=False")),
    ),
)
