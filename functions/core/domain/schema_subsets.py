"""What each provider accepts of JSON Schema, as data.

Sources, read 2026-11-23. OpenAI, "Structured Outputs: supported schemas". Anthropic, "Structured
outputs: JSON Schema limitations". AWS, "Get validated JSON results from models" (Bedrock) and,
for the root of a tool, "Using tools with Amazon Nova". Google, Gemini API reference,
`responseJsonSchema`. Where vendors of one dialect differ, what all of them take.
"""

from dataclasses import dataclass
from typing import Final

LIMITS: Final = frozenset(
    {
        "dependentRequired",
        "exclusiveMaximum",
        "exclusiveMinimum",
        "format",
        "maxItems",
        "maxLength",
        "maxProperties",
        "maximum",
        "minItems",
        "minLength",
        "minProperties",
        "minimum",
        "multipleOf",
        "pattern",
        "uniqueItems",
    }
)
"""Keywords that bound a value: where one is not accepted, the description says it."""

COMPOSED: Final = frozenset(
    {
        "contains",
        "dependentSchemas",
        "if",
        "not",
        "patternProperties",
        "prefixItems",
        "propertyNames",
        "unevaluatedItems",
        "unevaluatedProperties",
    }
)
"""Keywords with schemas inside that no subset accepts and no sentence can stand for."""


@dataclass(frozen=True)
class Size:
    """How large a schema may be.

    Attributes
    ----------
    depth
        Objects and lists inside each other, the root counted.
    properties, enum_values
        In all.
    characters
        Names of properties and definitions, and values of enums, together.
    optional
        Properties that may be absent, in all.
    unions
        Places with more than one type, in all.
    """

    depth: int | None = None
    properties: int | None = None
    enum_values: int | None = None
    characters: int | None = None
    optional: int | None = None
    unions: int | None = None


@dataclass(frozen=True)
class Subset:
    """The part of JSON Schema that one field of one dialect's request accepts.

    Attributes
    ----------
    name
        What an error calls it.
    limits
        The keywords of `LIMITS` that it accepts.
    formats
        Values of `format` that it accepts, where it accepts the keyword.
    closed
        Each object says `additionalProperties: false`, and so can't hold undeclared names.
    all_required
        No property may be absent: one that may be is sent as null.
    references
        `$ref` and `$defs` are accepted in a whole schema; else they are put in place.
    recursion
        A definition may lead to itself.
    enums
        Types of which it accepts an enum.
    whole
        All of JSON Schema is accepted below the root.
    root_keywords
        Those that may stand at the root of a whole schema; None: any but alternatives.
    """

    name: str
    limits: frozenset[str] = frozenset()
    formats: frozenset[str] = frozenset()
    closed: bool = True
    all_required: bool = False
    references: bool = True
    recursion: bool = False
    enums: frozenset[str] = frozenset({"boolean", "integer", "number", "string"})
    whole: bool = False
    root_keywords: frozenset[str] | None = None
    size: Size = Size()


_FORMATS: Final = frozenset(
    {"date", "date-time", "duration", "email", "hostname", "ipv4", "ipv6", "time", "uuid"}
)

OPENAI_STRICT: Final = Subset(
    "OpenAI strict mode",
    all_required=True,
    recursion=True,
    size=Size(depth=10, properties=5000, enum_values=1000, characters=120_000),
)
"""Without the bounds that OpenAI itself has come to take: others that speak its dialect don't."""

ANTHROPIC: Final = Subset(
    "Anthropic structured outputs",
    limits=frozenset({"format"}),
    formats=_FORMATS,
    size=Size(optional=24, unions=16),
)

BEDROCK: Final = Subset(
    "Bedrock structured outputs", limits=frozenset({"format"}), formats=_FORMATS
)

GEMINI: Final = Subset(
    "Gemini responseJsonSchema",
    limits=frozenset({"maxItems", "maximum", "minItems", "minimum"}),
    enums=frozenset({"integer", "number", "string"}),
    closed=False,
)
"""Of a tool's `parametersJsonSchema` too."""

TOOL: Final = Subset("a tool's parameters", whole=True, recursion=True)
"""Outside strict mode: guidance for the model, in plain JSON Schema."""

BEDROCK_TOOL: Final = Subset(
    "a Bedrock tool's inputSchema",
    whole=True,
    references=False,
    root_keywords=frozenset({"properties", "required", "type"}),
)
"""Nova takes three keywords at a tool's root; what else the task puts there is checked here."""
