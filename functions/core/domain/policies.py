"""Policies: the guardrails of AI tasks, from the organisation over teams down to tasks.

`DeclaredPolicy` is what a file in `catalog/policies/` says; `Policy` is what holds once its
parents are applied: computed when it is published, stored whole, read once by a run.

To add a rule kind: write a `Document` of its settings here or beside its rule, annotate each
setting with its order (`strictness.LOWER`, `ranked(...)`, `MORE`, ...), give each a default under
which published policies behave as before, and add one field to `Rules`, annotated as `UNSET`: a
policy that does not use it keeps its version. Inheritance, the check
that a child is stricter, `policies show` and docs/policies.md follow from the annotations. A rule
that may run as `log_only` has a field `mode`; one on the schema, the budget or personal data has
none.
"""

from datetime import date
from typing import Annotated, Any, Final, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from functions.core.domain.documents import UNSET, Document, Name, Text, require_unique
from functions.core.domain.guards.outside import Guardrail
from functions.core.domain.routes import DATA_CLASSES, DataClass
from functions.core.domain.strictness import FEWER, LOWER, MORE, NAMED, ONCE_ON, OWN, ranked, rules


def _known_language(code: str) -> str:
    from functions.core.domain.guards.answer.language import (  # noqa: PLC0415 - few policies name one
        LANGUAGES,
    )

    if code not in LANGUAGES:
        raise ValueError(f"is none of {', '.join(LANGUAGES)}")
    return code


Mode = Annotated[Literal["log_only", "enforce"], ranked("log_only", "enforce")]
"""`log_only` puts a verdict on record and lets the step go on."""
PersonalKind = Literal["address", "company_id", "date", "organisation", "person", "postcode", "url"]
Region = Annotated[str, Field(pattern=r"^[A-Z]{2}$")]
"""A country, ISO 3166."""
RULE_CHARACTERS: Final = 1024
"""Of one business rule, which is parsed as a whole."""
Expression = Annotated[str, Field(min_length=1, max_length=RULE_CHARACTERS)]
Language = Annotated[str, AfterValidator(_known_language)]
LEVELS: Final = ("organisation", "team", "task")


class InjectionRules(Document):
    """What becomes of a text from outside that looks as if it gave the model orders."""

    mode: Mode = "enforce"
    action: Annotated[
        Literal["fence", "strip", "person", "block"],
        ranked("fence", "strip", "person", "block"),
    ] = "fence"
    """`fence` says right before the text that it holds orders not to follow; `strip` takes the
    suspicious sentences out; `person` ends the step for somebody to look; `block` ends it."""
    threshold: Annotated[float, Field(ge=0.05, le=1), LOWER] = 0.5
    """The score from which on the action is taken."""


class PersonalDataRules(Document):
    """What becomes of personal data in what a run sends; it has no `log_only`."""

    action: Annotated[Literal["allow", "redact", "block"], ranked("allow", "redact", "block")] = (
        "redact"
    )
    """`redact` sends a token in a value's place, `block` ends the step, `allow` looks for none."""
    kinds: Annotated[tuple[PersonalKind, ...], MORE] = ()
    """What is looked for besides the usual: `company_id`, `date`, `postcode`, `url`; `address`,
    `organisation` and `person` where the deployment has an analyzer for them."""
    regions: Annotated[tuple[Region, ...], MORE] = ()
    """Whose telephone numbers are known without a country's code; none named: the common ones."""
    restore: Annotated[
        Literal["answer", "personal", "nowhere"], ranked("answer", "personal", "nowhere")
    ] = "personal"
    """Where an answer gets values back for tokens: everywhere, or in fields marked personal."""


class SecretRules(Document):
    """What becomes of credentials in what a run sends, and in an answer."""

    mode: Mode = "enforce"
    action: Annotated[Literal["redact", "block"], ranked("redact", "block")] = "redact"
    """`redact` puts a token in its place, which no answer gets restored."""


class GuardrailRules(Document):
    """Guardrails of Amazon Bedrock that look at what a run sends, or at an answer."""

    mode: Mode = "enforce"
    apply: Annotated[tuple[Guardrail, ...], MORE] = ()


class TextRules(Document):
    """Texts that an answer must not hold, or has to."""

    mode: Mode = "enforce"
    forbidden: Annotated[tuple[Text, ...], MORE] = ()
    required: Annotated[tuple[Text, ...], MORE] = ()


class LinkRules(Document):
    """Where the links and images of an answer may lead; `*.example.com` is all under it."""

    mode: Mode = "enforce"
    hosts: Annotated[tuple[Text, ...] | None, FEWER] = None


class MarkupRules(Document):
    """Active content in an answer: HTML, scripts, images, formulas, terminal escapes."""

    mode: Mode = "enforce"
    action: Annotated[
        Literal["allow", "neutralise", "block"], ranked("allow", "neutralise", "block")
    ] = "allow"


class GroundingRules(Document):
    """What an answer claims from its source has to occur there."""

    mode: Mode = "enforce"
    quotes: Annotated[bool, ONCE_ON] = False
    """Text in quotation marks."""
    numbers: Annotated[bool, ONCE_ON] = False
    """Numbers of two digits and more."""


class LanguageRules(Document):
    """The language of an answer's texts, as far as it can be told."""

    mode: Mode = "enforce"
    allowed: Annotated[tuple[Language, ...] | None, FEWER] = None
    """ISO 639-1: `["de", "en"]`."""
    as_input: Annotated[bool, ONCE_ON] = False
    """The language of what the run sent, instead; where that can't be told, `allowed` holds."""


class BusinessRules(Document):
    """What has to be true of an answer and of what it was asked with, as JSONata."""

    mode: Mode = "enforce"
    rules: Annotated[dict[Name, Expression], NAMED] = Field(default_factory=dict)
    """Name -> rule, as `$money_le(answer.refund, input.order.total)`."""


class AnswerRules(Document):
    """What an answer is held to besides its schema."""

    texts: TextRules = TextRules()
    links: LinkRules = LinkRules()
    markup: MarkupRules = MarkupRules()
    grounding: GroundingRules = GroundingRules()
    language: Annotated[LanguageRules, UNSET] = LanguageRules()
    business: Annotated[BusinessRules, UNSET] = BusinessRules()


class Rules(Document):
    """Every rule that a policy can set. Stored policies that lack one have its default."""

    max_prompt_bytes: Annotated[int, Field(ge=256, le=1_000_000), LOWER] = 65_536
    max_answer_bytes: Annotated[int, Field(ge=256, le=1_000_000), LOWER] = 65_536
    data_class: Annotated[DataClass, ranked(*DATA_CLASSES)] = "internal"
    """What its tasks are given, at least: a task with personal variables is `personal` whatever
    stands here. Targets say what they may be given."""
    injection: InjectionRules = InjectionRules()
    personal_data: PersonalDataRules = PersonalDataRules()
    secrets: SecretRules = SecretRules()
    guardrails: Annotated[GuardrailRules, UNSET] = GuardrailRules()
    answer: AnswerRules = AnswerRules()


ORDERS: Final = dict(rules(Rules))
"""Each setting's dotted key, and how the stricter of two values is told."""
NO_EXCEPTION: Final = (
    "max_prompt_bytes",
    "max_answer_bytes",
    "data_class",
    "personal_data",
    "answer.business.rules",
)
"""Settings of which no child is excepted, by how their keys begin."""


class Waiver(Document):
    """A dated exception: one rule that is weaker than the parent's, on somebody's account."""

    rule: Annotated[str, Field(pattern=r"^[a-z_]+(\.[a-z_]+)*$", max_length=128)]
    owner: Text
    reason: Text
    ends: date
    """The last day on which it holds."""

    @model_validator(mode="after")
    def _may_be_excepted(self) -> Self:
        if self.rule not in ORDERS:
            raise ValueError(f"rule: no rule {self.rule!r}")
        if self.rule.startswith(NO_EXCEPTION):
            raise ValueError(f"rule: {self.rule!r} has no exceptions")
        return self


class DeclaredPolicy(Rules):
    """A file of `catalog/policies/`, which says what it changes and no more."""

    name: Annotated[Name, OWN]
    purpose: Annotated[Text, OWN]
    owner: Annotated[str, OWN] = ""
    level: Annotated[Literal["organisation", "team", "task"], OWN] = "organisation"
    team: Annotated[Name | None, OWN] = None
    """Whose tasks may use it; where it is none, everybody's."""
    extends: Annotated[Name | None, OWN] = None
    preamble: Annotated[str, Field(max_length=8192), OWN] = ""
    """How every system prompt under it begins, after its parents' texts."""
    exceptions: Annotated[tuple[Waiver, ...], OWN] = ()

    @model_validator(mode="after")
    def _stands_at_its_level(self) -> Self:
        if (self.extends is None) != (self.level == "organisation"):
            raise ValueError("extends: every policy but the organisation's own extends another")
        if self.level == "team" and self.team is None:
            raise ValueError("team: a team's policy names it")
        if self.level == "organisation" and (self.team or self.exceptions):
            raise ValueError("level: the organisation's policy has neither team nor exceptions")
        if self.preamble and not self.owner:
            raise ValueError("owner: whoever sets a preamble is named")
        require_unique((waiver.rule for waiver in self.exceptions), "exceptions")
        return self


class Preamble(Document):
    """One part of a system prompt above the task's own."""

    level: str
    policy: Name
    owner: str
    text: Text


class Excepted(Document):
    """A waiver in force, and what holds once it has ended."""

    rule: str
    policy: Name
    owner: Text
    reason: Text
    ends: date
    otherwise: Any


class Policy(Rules):
    """What holds for a task: the effective policy, as it is stored and pinned."""

    name: Name
    purpose: Text
    team: Name | None = None
    preambles: tuple[Preamble, ...] = ()
    """From the organisation downwards."""
    origins: dict[str, Name] = Field(default_factory=dict)
    """Which policy set a rule; where none did, its default holds."""
    exceptions: tuple[Excepted, ...] = ()
    lineage: tuple[Name, ...] = ()
    """From the organisation's policy down to this one."""
