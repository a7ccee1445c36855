"""CloudFormation's intrinsic functions, resolved strictly against what was deployed."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Protocol

from interlock.local.deploy.problems import UnknownIntrinsic

SUBSTITUTION = re.compile(r"\$\{(!?)([^${}]+)\}")
DYNAMIC_REFERENCE = "{{resolve:"
#: What ``Ref: AWS::NoValue`` resolves to; the key or list entry that holds it disappears.
NO_VALUE = object()


class Surroundings(Protocol):
    """What a template's expressions may refer to."""

    parameters: Mapping[str, Any]
    pseudo: Mapping[str, str]
    conditions: Mapping[str, Any]
    mappings: Mapping[str, Any]

    def ref(self, logical_id: str) -> str:
        """Return the physical id of a resource."""

    def attribute(self, logical_id: str, name: str) -> Any:
        """Return an attribute of a resource."""

    def exported(self, name: str) -> str:
        """Return the value that another stack exports."""

    def output_of(self, stack: str, name: str) -> str:
        """Return an output of another stack."""


class Resolver:
    """Evaluates the expressions of one template."""

    def __init__(self, surroundings: Surroundings) -> None:
        self._at = surroundings
        self._functions: dict[str, Callable[[Any], Any]] = {
            "Ref": self._ref,
            "Fn::GetAtt": self._get_att,
            "Fn::Sub": self._sub,
            "Fn::Join": self._join,
            "Fn::Select": self._select,
            "Fn::Split": self._split,
            "Fn::If": self._if,
            "Fn::FindInMap": self._find_in_map,
            "Fn::ImportValue": lambda name: self._at.exported(self.value(name)),
            "Fn::GetStackOutput": self._stack_output,
            "Fn::Base64": lambda text: base64.b64encode(self.value(text).encode()).decode(),
        }

    def value(self, node: Any) -> Any:
        """Return `node` with every expression in it evaluated."""
        if isinstance(node, dict):
            name = expression(node)
            if name is not None:
                if name not in self._functions:
                    raise UnknownIntrinsic(f"{name} is not known here")
                return self._functions[name](node[name])
            made = {key: self.value(item) for key, item in node.items()}
            return {key: item for key, item in made.items() if item is not NO_VALUE}
        if isinstance(node, list):
            return [item for item in map(self.value, node) if item is not NO_VALUE]
        if isinstance(node, str) and DYNAMIC_REFERENCE in node:
            raise UnknownIntrinsic(f"the dynamic reference {node} is not known here")
        return node

    def condition(self, node: Any) -> bool:
        """Evaluate a condition: its name, or an expression of And, Or, Not, Equals, Condition."""
        if isinstance(node, str):
            if node not in self._at.conditions:
                raise UnknownIntrinsic(f"no condition is called {node}")
            return self.condition(self._at.conditions[node])
        (name, operands), *_ = node.items()
        match name:
            case "Condition":
                return self.condition(operands)
            case "Fn::Equals":
                left, right = map(self.value, operands)
                return bool(left == right)
            case "Fn::Not":
                return not self.condition(operands[0])
            case "Fn::And":
                return all(map(self.condition, operands))
            case "Fn::Or":
                return any(map(self.condition, operands))
        raise UnknownIntrinsic(f"{name} is not known in a condition")

    def _ref(self, name: str) -> Any:
        if name == "AWS::NoValue":
            return NO_VALUE
        if name in self._at.pseudo:
            return self._at.pseudo[name]
        if name in self._at.parameters:
            return self._at.parameters[name]
        if name.startswith("AWS::"):
            raise UnknownIntrinsic(f"the pseudo parameter {name} is not known here")
        return self._at.ref(name)

    def _get_att(self, operand: Any) -> Any:
        logical, name = operand.split(".", 1) if isinstance(operand, str) else operand
        return self._at.attribute(logical, self.value(name))

    def _sub(self, operand: Any) -> str:
        text, own = (operand, {}) if isinstance(operand, str) else operand
        values = {key: self.value(item) for key, item in own.items()}

        def one(found: re.Match[str]) -> str:
            if found[1]:  # ${!Literal}
                return f"${{{found[2]}}}"
            name = found[2].strip()
            if name in values:
                return str(values[name])
            return str(self._get_att(name) if "." in name else self._ref(name))

        return SUBSTITUTION.sub(one, text)

    def _join(self, operand: Any) -> str:
        separator, parts = operand
        return str(separator).join(str(part) for part in self.value(parts))

    def _select(self, operand: Any) -> Any:
        index, items = map(self.value, operand)
        return items[int(index)]

    def _split(self, operand: Any) -> list[str]:
        separator, text = operand
        return str(self.value(text)).split(separator)

    def _if(self, operand: Any) -> Any:
        name, yes, no = operand
        return self.value(yes if self.condition(name) else no)

    def _find_in_map(self, operand: Any) -> Any:
        name, first, second = map(self.value, operand[:3])
        try:
            return self._at.mappings[name][first][second]
        except KeyError:
            raise UnknownIntrinsic(f"no mapping {name}.{first}.{second}") from None

    def _stack_output(self, operand: Any) -> str:
        wanted = self.value(operand)
        return self._at.output_of(wanted["StackName"], wanted["OutputName"])


def expression(node: Mapping[str, Any]) -> str | None:
    """Return the name of the function that `node` calls, or None where it is plain data."""
    if len(node) != 1:
        return None
    (name,) = node
    return name if name == "Ref" or name.startswith("Fn::") else None


def references(node: Any) -> Iterator[str]:
    """Yield every name that `node` refers to: resources, parameters and pseudo parameters."""
    if isinstance(node, list):
        for item in node:
            yield from references(item)
    elif isinstance(node, dict):
        match expression(node):
            case "Ref":
                yield node["Ref"]
                return
            case "Fn::GetAtt":
                operand = node["Fn::GetAtt"]
                yield operand.split(".")[0] if isinstance(operand, str) else operand[0]
                return
            case "Fn::Sub":
                yield from _substituted(node["Fn::Sub"])
                return
        for item in node.values():
            yield from references(item)


def _substituted(operand: Any) -> Iterator[str]:
    text, own = (operand, {}) if isinstance(operand, str) else operand
    for literal, name in SUBSTITUTION.findall(text):
        if not literal and name.strip() not in own:
            yield name.strip().split(".")[0]
    yield from references(own)
