"""Map and Parallel: processors and their modes, readers, batches, writers."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from interlock.lint.findings import Finding, Rule, error, warning
from interlock.lint.machine import PROCESSORS, Machine, State
from interlock.lint.values import Kind, list_, number, one_of, path, text, values

DISTRIBUTED: Final = "DISTRIBUTED"
INLINE: Final = "INLINE"
_BATCH_BYTES: Final = 262_144
"""Largest MaxInputBytesPerBatch: the limit of a state's input."""

MODE = error(
    "ASL701",
    "ProcessorConfig says Mode INLINE, or DISTRIBUTED with ExecutionType STANDARD or EXPRESS.",
    "Say both, or leave ProcessorConfig out for INLINE.",
)
INLINE_FIELD = error(
    "ASL702",
    "ItemReader, ItemBatcher, ResultWriter, Label and tolerated failures belong to DISTRIBUTED.",
    f'Set ProcessorConfig.Mode to "{DISTRIBUTED}", or remove the field.',
)
UNSAID_MODE = warning(
    "ASL703",
    "Where a Map has fields of DISTRIBUTED, it says its mode.",
    f'Add a ProcessorConfig with "Mode": "{DISTRIBUTED}" and an ExecutionType.',
)
PART_FIELDS = error(
    "ASL704",
    "ItemReader, ReaderConfig, ItemBatcher and ResultWriter have their own fields only, those of "
    "the state's query language, and of a value and its path one.",
    "Remove the field or correct its name.",
)
PART_NEEDS = error(
    "ASL705",
    "An ItemReader and a ResultWriter name a Resource; an ItemBatcher bounds its batches.",
    "Add Resource, or MaxItemsPerBatch or MaxInputBytesPerBatch.",
)
BRANCH = error("ASL706", "A branch is an object.", "Write a machine with StartAt and States.")
RULES: Final = (MODE, INLINE_FIELD, UNSAID_MODE, PART_FIELDS, PART_NEEDS, BRANCH)

_ONLY_DISTRIBUTED: Final = (
    "ItemReader",
    "ItemBatcher",
    "ResultWriter",
    "Label",
    "ToleratedFailureCount",
    "ToleratedFailureCountPath",
    "ToleratedFailurePercentage",
    "ToleratedFailurePercentagePath",
)
_READER: Final = frozenset({"Resource", "ReaderConfig", "Comment"})
_WRITER: Final = frozenset({"Resource", "WriterConfig", "Comment"})
_CONFIG: Final = frozenset(
    {
        "InputType",
        "Transformation",
        "ManifestType",
        "CSVDelimiter",
        "CSVHeaderLocation",
        "CSVHeaders",
        "ItemsPointer",
        "MaxItems",
        "MaxItemsPath",
    }
)
_CONFIG_VALUES: Final[dict[str, Kind]] = {
    "InputType": one_of("CSV", "JSON", "JSONL", "PARQUET", "MANIFEST"),
    "CSVHeaderLocation": one_of("FIRST_ROW", "GIVEN"),
    "CSVDelimiter": one_of("COMMA", "PIPE", "SEMICOLON", "SPACE", "TAB"),
    "CSVHeaders": list_,
    "ManifestType": one_of("ATHENA_DATA", "S3_INVENTORY"),
}
_WRITER_VALUES: Final[dict[str, Kind]] = {
    "Transformation": one_of("NONE", "COMPACT", "FLATTEN"),
    "OutputType": one_of("JSON", "JSONL"),
}
_BATCH: Final = ("MaxItemsPerBatch", "MaxInputBytesPerBatch")
_BATCH_VALUES: Final[dict[str, Kind]] = {
    "MaxItemsPerBatch": number(1, 1e18),
    "MaxInputBytesPerBatch": number(1, _BATCH_BYTES),
}


def check(machine: Machine) -> Iterator[Finding]:
    """Yield what is wrong with Map and Parallel states beyond their fields."""
    for state in machine.states:
        if state.type == "Map":
            yield from _map(state)
        if state.type == "Parallel" and isinstance(state.body.get("Branches"), list):
            for index, branch in enumerate(state.body["Branches"]):
                if not isinstance(branch, dict):
                    yield Finding(BRANCH, f"{state.pointer}/Branches/{index}", "it is no object")


def _map(state: State) -> Iterator[Finding]:
    mode = None
    for key in PROCESSORS:
        processor = state.body.get(key)
        if isinstance(processor, dict) and "ProcessorConfig" in processor:
            place = f"{state.pointer}/{key}/ProcessorConfig"
            config = processor["ProcessorConfig"]
            mode = config.get("Mode", INLINE) if isinstance(config, dict) else None
            yield from _mode(place, config)
    if mode != DISTRIBUTED:
        rule: Rule = INLINE_FIELD if mode == INLINE else UNSAID_MODE
        for key in _ONLY_DISTRIBUTED:
            if key in state.body:
                yield Finding(
                    rule, f"{state.pointer}/{key}", f"{key} in a Map that is not {DISTRIBUTED}"
                )
    yield from _reader(state)
    yield from _batcher(state)
    yield from _writer(state)


def _mode(place: str, config: Any) -> Iterator[Finding]:
    if not isinstance(config, dict):
        yield Finding(MODE, place, "it is no object")
        return
    for key in sorted(set(config) - {"Mode", "ExecutionType"}):
        yield Finding(MODE, f"{place}/{key}", f"there is no field {key}")
    mode, execution = config.get("Mode", INLINE), config.get("ExecutionType")
    if mode not in (INLINE, DISTRIBUTED):
        yield Finding(MODE, f"{place}/Mode", "no mode of a Map")
    elif mode == DISTRIBUTED and execution is None:
        yield Finding(MODE, place, f"{DISTRIBUTED} without ExecutionType")
    if execution not in (None, "STANDARD", "EXPRESS"):
        yield Finding(MODE, f"{place}/ExecutionType", "neither STANDARD nor EXPRESS")


def _reader(state: State) -> Iterator[Finding]:
    reader = state.body.get("ItemReader")
    if not isinstance(reader, dict):
        return
    place = f"{state.pointer}/ItemReader"
    yield from _part(state, place, reader, _READER)
    config = reader.get("ReaderConfig", {})
    if not isinstance(config, dict):
        yield Finding(PART_FIELDS, f"{place}/ReaderConfig", "it is no object")
        return
    at = f"{place}/ReaderConfig"
    yield from _unknown(at, config, _CONFIG - ({"MaxItemsPath"} if state.jsonata else set()))
    yield from values(at, config, _CONFIG_VALUES)
    yield from values(at, config, {"MaxItems": number(1, 1e18)}, jsonata=state.jsonata)
    yield from _either(at, config, "MaxItems")


def _batcher(state: State) -> Iterator[Finding]:
    batcher = state.body.get("ItemBatcher")
    if not isinstance(batcher, dict):
        return
    place = f"{state.pointer}/ItemBatcher"
    paths = set() if state.jsonata else {f"{key}Path" for key in _BATCH}
    yield from _unknown(place, batcher, frozenset({*_BATCH, *paths, "BatchInput"}))
    yield from values(place, batcher, _BATCH_VALUES, jsonata=state.jsonata)
    if not {*_BATCH, *paths} & set(batcher):
        yield Finding(PART_NEEDS, place, "nothing bounds a batch")
    for key in _BATCH:
        yield from _either(place, batcher, key)


def _writer(state: State) -> Iterator[Finding]:
    writer = state.body.get("ResultWriter")
    if not isinstance(writer, dict):
        return
    place = f"{state.pointer}/ResultWriter"
    needs_resource = "WriterConfig" not in writer
    yield from _part(state, place, writer, _WRITER, resource=needs_resource)
    config = writer.get("WriterConfig", {})
    if isinstance(config, dict):
        yield from values(f"{place}/WriterConfig", config, _WRITER_VALUES)
        yield from _unknown(f"{place}/WriterConfig", config, frozenset(_WRITER_VALUES))
    else:
        yield Finding(PART_FIELDS, f"{place}/WriterConfig", "it is no object")


def _part(
    state: State,
    place: str,
    part: Mapping[str, Any],
    known: frozenset[str],
    *,
    resource: bool = True,
) -> Iterator[Finding]:
    yield from _unknown(place, part, known | {"Arguments" if state.jsonata else "Parameters"})
    if resource and "Resource" not in part:
        yield Finding(PART_NEEDS, place, "it names no Resource")
    yield from values(place, part, {"Resource": text})


def _unknown(place: str, part: Mapping[str, Any], known: frozenset[str]) -> Iterator[Finding]:
    for key in sorted(set(part) - known):
        yield Finding(PART_FIELDS, f"{place}/{key}", f"there is no field {key} here")


def _either(place: str, part: Mapping[str, Any], key: str) -> Iterator[Finding]:
    by_path = f"{key}Path"
    if key in part and by_path in part:
        yield Finding(PART_FIELDS, f"{place}/{by_path}", f"{key} and {by_path} exclude each other")
    if by_path in part:
        yield from path(f"{place}/{by_path}", part[by_path], reference=True)
