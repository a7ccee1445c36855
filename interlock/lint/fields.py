"""Which fields each type of state has, and in which query language.

Source: Amazon States Language, "State types" (the table of fields), and the Step Functions
developer guide where it adds fields (Label, WriterConfig).
"""

from typing import Final

from interlock.lint.machine import JSONATA, JSONPATH

TYPES: Final = ("Task", "Parallel", "Map", "Pass", "Wait", "Choice", "Succeed", "Fail")

_ANY: Final = frozenset({"Type", "Comment", "QueryLanguage"})
_MOVES: Final = frozenset({"Next", "End"})
_RETRIES: Final = frozenset({"Retry", "Catch"})
_PATHS: Final = frozenset({"InputPath", "OutputPath"})
_RESULTS: Final = frozenset({"Parameters", "ResultSelector", "ResultPath"})

BOTH: Final[dict[str, frozenset[str]]] = {
    "Task": _ANY
    | _MOVES
    | _RETRIES
    | {"Assign", "Resource", "TimeoutSeconds", "HeartbeatSeconds", "Credentials"},
    "Parallel": _ANY | _MOVES | _RETRIES | {"Assign", "Branches"},
    "Map": _ANY
    | _MOVES
    | _RETRIES
    | {
        "Assign",
        "ItemProcessor",
        "Iterator",
        "ItemReader",
        "ItemSelector",
        "ItemBatcher",
        "ResultWriter",
        "MaxConcurrency",
        "ToleratedFailurePercentage",
        "ToleratedFailureCount",
        "Label",
    },
    "Pass": _ANY | _MOVES | {"Assign"},
    "Wait": _ANY | _MOVES | {"Assign", "Seconds", "Timestamp"},
    "Choice": _ANY | {"Assign", "Choices", "Default"},
    "Succeed": _ANY,
    "Fail": _ANY | {"Error", "Cause"},
}

ONLY: Final[dict[str, dict[str, frozenset[str]]]] = {
    JSONPATH: {
        "Task": _PATHS | _RESULTS | {"TimeoutSecondsPath", "HeartbeatSecondsPath"},
        "Parallel": _PATHS | _RESULTS,
        "Map": _PATHS
        | _RESULTS
        | {
            "ItemsPath",
            "MaxConcurrencyPath",
            "ToleratedFailurePercentagePath",
            "ToleratedFailureCountPath",
        },
        "Pass": _PATHS | {"Parameters", "ResultPath", "Result"},
        "Wait": _PATHS | {"SecondsPath", "TimestampPath"},
        "Choice": _PATHS,
        "Succeed": _PATHS,
        "Fail": frozenset({"ErrorPath", "CausePath"}),
    },
    JSONATA: {
        "Task": frozenset({"Arguments", "Output"}),
        "Parallel": frozenset({"Arguments", "Output"}),
        "Map": frozenset({"Items", "Output"}),
        "Pass": frozenset({"Output"}),
        "Wait": frozenset({"Output"}),
        "Choice": frozenset({"Output"}),
        "Succeed": frozenset({"Output"}),
        "Fail": frozenset(),
    },
}

MACHINE: Final = frozenset(
    {"Comment", "QueryLanguage", "StartAt", "States", "TimeoutSeconds", "Version"}
)
BRANCH: Final = frozenset({"Comment", "QueryLanguage", "StartAt", "States"})
PROCESSOR: Final = BRANCH | {"ProcessorConfig"}

EXCLUSIVE: Final[dict[str, tuple[tuple[str, ...], ...]]] = {
    "Task": (
        ("TimeoutSeconds", "TimeoutSecondsPath"),
        ("HeartbeatSeconds", "HeartbeatSecondsPath"),
    ),
    "Map": (
        ("ItemProcessor", "Iterator"),
        ("ItemSelector", "Parameters"),
        ("MaxConcurrency", "MaxConcurrencyPath"),
        ("ToleratedFailurePercentage", "ToleratedFailurePercentagePath"),
        ("ToleratedFailureCount", "ToleratedFailureCountPath"),
    ),
    "Wait": (("Seconds", "SecondsPath", "Timestamp", "TimestampPath"),),
    "Fail": (("Error", "ErrorPath"), ("Cause", "CausePath")),
}
"""Fields of which a state has at most one."""

REQUIRED: Final[dict[str, tuple[tuple[str, ...], ...]]] = {
    "Task": (("Resource",),),
    "Parallel": (("Branches",),),
    "Map": (("ItemProcessor", "Iterator"),),
    "Wait": (("Seconds", "SecondsPath", "Timestamp", "TimestampPath"),),
    "Choice": (("Choices",),),
}
"""Fields of which a state has at least one."""


def fields(type_: str, language: str) -> frozenset[str]:
    """Return the fields of a state of *type_* in *language*."""
    return BOTH[type_] | ONLY[language][type_]


def other_language(type_: str, language: str) -> frozenset[str]:
    """Return the fields that a state of *type_* has in the other language alone."""
    other = JSONPATH if language == JSONATA else JSONATA
    return ONLY[other][type_]
