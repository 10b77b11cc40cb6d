"""The resources that `template.yaml` and the stacks nested in it make with given parameters."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from infra.local.server import ROOT
from infra.local.template import load_document

NESTED = ("AWS::CloudFormation::Stack", "AWS::Serverless::Application")
NOTHING = {"Ref": "AWS::NoValue"}

Json = dict[str, Any]


@dataclass(frozen=True)
class Resource:
    name: str
    kind: str
    properties: Json


def resources(chosen: Mapping[str, str], root: Path = ROOT) -> list[Resource]:
    """What is made with these parameters and the defaults of all others, in nested stacks too."""
    return list(_made(root / "template.yaml", chosen))


def parameters(root: Path = ROOT) -> Mapping[str, Json]:
    found: Mapping[str, Json] = _document(root / "template.yaml")["Parameters"]
    return found


def _made(template: Path, chosen: Mapping[str, Any]) -> Iterator[Resource]:
    for resource in _Template(_document(template), chosen).resources():
        if resource.kind in NESTED:
            place = resource.properties.get("TemplateURL") or resource.properties["Location"]
            yield from _made(template.parent / place, resource.properties.get("Parameters", {}))
        else:
            yield resource


@cache
def _document(path: Path) -> Json:
    return load_document(path)


class _Template:
    def __init__(self, document: Json, chosen: Mapping[str, str]) -> None:
        self._document = document
        declared = document.get("Parameters", {})
        defaults = {name: parameter.get("Default", "") for name, parameter in declared.items()}
        self._parameters = {name: str(chosen.get(name, default)) for name, default in defaults.items()}

    def resources(self) -> Iterator[Resource]:
        for name, resource in self._document["Resources"].items():
            if "Condition" not in resource or self._holds(resource["Condition"]):
                yield Resource(name, resource["Type"], self._value(resource.get("Properties", {})))

    def _holds(self, condition: Any) -> bool:
        if isinstance(condition, str):
            return self._holds(self._document["Conditions"][condition])
        [(function, content)] = condition.items()
        match function:
            case "Condition":
                return self._holds(content)
            case "Fn::Equals":
                first, second = (str(self._value(each)) for each in content)
                return first == second
            case "Fn::Not":
                return not self._holds(content[0])
            case "Fn::And":
                return all(self._holds(each) for each in content)
            case "Fn::Or":
                return any(self._holds(each) for each in content)
        raise ValueError(function)

    def _value(self, value: Any) -> Any:
        """With parameters and conditions put in; what only a deployment knows stays as it is."""
        if isinstance(value, list):
            return [found for each in value if (found := self._value(each)) != NOTHING]
        if not isinstance(value, dict):
            return value
        if set(value) == {"Fn::If"}:
            condition, then, otherwise = value["Fn::If"]
            return self._value(then if self._holds(condition) else otherwise)
        if set(value) == {"Fn::Join"}:
            separator, parts = value["Fn::Join"][0], self._value(value["Fn::Join"][1])
            return separator.join(map(str, parts)) if isinstance(parts, list) else str(parts)
        if set(value) == {"Ref"} and value["Ref"] in self._parameters:
            return self._parameters[value["Ref"]]
        return {name: found for name, each in value.items() if (found := self._value(each)) != NOTHING}
