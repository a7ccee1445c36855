"""A state machine as the checks see it: its scopes and states, each with its JSON pointer."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from dataclasses import field as factory
from typing import Any, Final

from functions.core.domain.canonical import escape_token

JSONPATH: Final = "JSONPath"
JSONATA: Final = "JSONata"
LANGUAGES: Final = (JSONPATH, JSONATA)
PROCESSORS: Final = ("ItemProcessor", "Iterator")
NESTING: Final = frozenset({"Branches", *PROCESSORS})


@dataclass
class Scope:
    """States that may lead to each other: the machine, a branch, or a Map's processor.

    Attributes
    ----------
    field
        The field it stands in: `Branches`, `ItemProcessor`, `Iterator`; empty for the machine.
    language
        The query language of its states where they name none.
    """

    pointer: str
    body: Mapping[str, Any]
    field: str
    language: str
    owner: "State | None" = None
    states: list["State"] = factory(default_factory=list)

    def named(self, name: Any) -> "State | None":
        """Return the state of this scope called *name*."""
        return next((state for state in self.states if state.name == name), None)


@dataclass
class State:
    """One state: an object in a scope's States."""

    name: str
    pointer: str
    body: Mapping[str, Any]
    scope: Scope
    language: str
    inner: list[Scope] = factory(default_factory=list)

    @property
    def type(self) -> str:
        """The state's Type, empty where it has none that is text."""
        found = self.body.get("Type")
        return found if isinstance(found, str) else ""

    @property
    def jsonata(self) -> bool:
        """Whether its queries are JSONata."""
        return self.language == JSONATA

    @property
    def own(self) -> dict[str, Any]:
        """Its fields without the machines inside it."""
        return {key: value for key, value in self.body.items() if key not in NESTING}

    def targets(self) -> Iterator[tuple[str, Any]]:
        """Yield (pointer, name) of each state that may come next, as far as it is written."""
        for key in ("Next", "Default"):
            if key in self.body:
                yield f"{self.pointer}/{key}", self.body[key]
        for key in ("Choices", "Catch"):
            for index, entry in enumerate(objects(self.body.get(key))):
                if entry is not None and "Next" in entry:
                    yield f"{self.pointer}/{key}/{index}/Next", entry["Next"]

    @property
    def ends(self) -> bool:
        """Whether its scope may end with it."""
        return self.type in ("Succeed", "Fail") or self.body.get("End") is True


@dataclass
class Machine:
    """A whole definition."""

    body: Mapping[str, Any]
    language: str
    """The query language of every state that names none, those inside Map and Parallel too."""
    scopes: list[Scope]

    @property
    def states(self) -> Iterator[State]:
        """Every state, outer ones first."""
        for scope in self.scopes:
            yield from scope.states


def objects(value: Any) -> list[dict[str, Any] | None]:
    """Return the entries of a list, None for each that is no object; nothing if it is no list."""
    if not isinstance(value, list):
        return []
    return [entry if isinstance(entry, dict) else None for entry in value]


def read(body: Mapping[str, Any]) -> Machine:
    """Return the machine in *body*, leaving out what has not the form of scopes and states."""
    said = body.get("QueryLanguage")
    machine = Machine(body, said if said in LANGUAGES else JSONPATH, [])
    _fill(Scope("", body, "", machine.language), machine)
    return machine


def _fill(scope: Scope, machine: Machine) -> None:
    machine.scopes.append(scope)
    states = scope.body.get("States")
    for name, body in states.items() if isinstance(states, dict) else ():
        if not isinstance(body, dict):
            continue
        said = body.get("QueryLanguage")
        state = State(
            name,
            f"{scope.pointer}/States/{escape_token(name)}",
            body,
            scope,
            said if said in LANGUAGES else scope.language,
        )
        scope.states.append(state)
        for place, key, inner in _inner(state):
            found = Scope(place, inner, key, machine.language, state)
            state.inner.append(found)
            _fill(found, machine)


def _inner(state: State) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for key in PROCESSORS:
        if isinstance(state.body.get(key), dict):
            yield f"{state.pointer}/{key}", key, state.body[key]
    for index, branch in enumerate(objects(state.body.get("Branches"))):
        if branch is not None:
            yield f"{state.pointer}/Branches/{index}", "Branches", branch
