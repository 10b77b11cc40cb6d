"""What `template.yaml` says about functions, their events and the API."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

DEFAULT_TIMEOUT_SECONDS = 3
DEFAULT_MEMORY_MB = 128


@dataclass(frozen=True)
class Route:
    method: str
    path: str


@dataclass(frozen=True)
class Schedule:
    name: str
    expression: str
    source: str
    input: str | None


@dataclass(frozen=True)
class Queue:
    """`variable` is the environment name under which functions know the queue's address."""

    variable: str
    batch_size: int
    reports_failures: bool


@dataclass(frozen=True)
class Function:
    name: str
    code: Path
    handler: str
    timeout_seconds: int
    memory_mb: int
    routes: tuple[Route, ...]
    schedules: tuple[Schedule, ...]
    queues: tuple[Queue, ...]


@dataclass(frozen=True)
class Refusal:
    """A gateway response: what the API says by itself."""

    status: int | None
    headers: Mapping[str, str]
    body: str


@dataclass(frozen=True)
class Template:
    functions: tuple[Function, ...]
    binary_types: frozenset[str]
    refusals: Mapping[str, Refusal]
    variables: Mapping[str, str]


class _Loader(yaml.SafeLoader):  # type: ignore[misc]
    """Reads CloudFormation's short forms (`!Ref x`) as their long ones (`{"Ref": x}`)."""


def _intrinsic(loader: yaml.SafeLoader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    value: Any
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        assert isinstance(node, yaml.MappingNode)
        value = loader.construct_mapping(node, deep=True)
    if suffix == "GetAtt" and isinstance(value, str):
        value = value.split(".", 1)  # a nested stack's output is one name: `Outputs.Url`
    return {suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}": value}


_Loader.add_multi_constructor("!", _intrinsic)


def load_document(path: Path) -> dict[str, Any]:
    """The template as it stands, intrinsics in their long form."""
    document: dict[str, Any] = yaml.load(path.read_text(encoding="utf-8"), _Loader)  # noqa: S506 (a SafeLoader)
    return document


def read_template(path: Path) -> Template:
    return _Reader(load_document(path), path.parent).template()


class _Reader:
    def __init__(self, document: dict[str, Any], directory: Path) -> None:
        self._directory = directory
        self._parameters = document.get("Parameters", {})
        self._resources = document.get("Resources", {})
        self._globals = document.get("Globals", {})
        self._variables = self._globals.get("Function", {}).get("Environment", {}).get("Variables", {})

    def template(self) -> Template:
        plain = {name: self._plain(value) for name, value in self._variables.items()}
        return Template(
            functions=tuple(
                self._function(name, {**self._globals.get("Function", {}), **properties})
                for name, properties in self._of_type("AWS::Serverless::Function")
            ),
            binary_types=frozenset(self._binary_types()),
            refusals=dict(self._refusals()),
            variables={name: str(value) for name, value in plain.items() if value is not None},
        )

    def _of_type(self, kind: str) -> Iterator[tuple[str, dict[str, Any]]]:
        for name, resource in self._resources.items():
            if resource["Type"] == kind:
                yield name, resource.get("Properties", {})

    def _apis(self) -> list[dict[str, Any]]:
        return [self._globals.get("Api", {}), *(api for _, api in self._of_type("AWS::Serverless::Api"))]

    def _refusals(self) -> Iterator[tuple[str, Refusal]]:
        for api in self._apis():
            for kind, response in api.get("GatewayResponses", {}).items():
                headers = response.get("ResponseParameters", {}).get("Headers", {})
                status = response.get("StatusCode")
                yield (
                    kind,
                    Refusal(
                        status=int(status) if status else None,
                        headers={name: value.strip("'") for name, value in headers.items()},
                        body=next(iter(response.get("ResponseTemplates", {}).values()), ""),
                    ),
                )

    def _binary_types(self) -> Iterator[str]:
        for api in self._apis():
            for media_type in api.get("BinaryMediaTypes", []):
                yield media_type.replace("~1", "/").lower()

    def _function(self, name: str, properties: dict[str, Any]) -> Function:
        events = properties.get("Events", {})
        return Function(
            name=name,
            code=(self._directory / properties["CodeUri"]).resolve(),
            handler=properties["Handler"],
            timeout_seconds=int(self._plain(properties.get("Timeout")) or DEFAULT_TIMEOUT_SECONDS),
            memory_mb=int(self._plain(properties.get("MemorySize")) or DEFAULT_MEMORY_MB),
            routes=tuple(_route(event["Properties"]) for event in events.values() if event["Type"] == "Api"),
            schedules=tuple(
                self._schedule(key, event)
                for key, event in events.items()
                if event["Type"] in ("Schedule", "ScheduleV2")
            ),
            queues=tuple(
                self._queue(event["Properties"], properties) for event in events.values() if event["Type"] == "SQS"
            ),
        )

    def _schedule(self, name: str, event: dict[str, Any]) -> Schedule:
        properties = event["Properties"]
        is_scheduler = event["Type"] == "ScheduleV2"
        expression = properties["ScheduleExpression" if is_scheduler else "Schedule"]
        source = "aws.scheduler" if is_scheduler else "aws.events"
        return Schedule(name, str(self._plain(expression)), source, properties.get("Input"))

    def _queue(self, properties: dict[str, Any], function: dict[str, Any]) -> Queue:
        logical_id = properties["Queue"]["Fn::GetAtt"][0]
        own = function.get("Environment", {}).get("Variables", {})
        variables = {**self._variables, **own}
        return Queue(
            variable=next(name for name, value in variables.items() if value == {"Ref": logical_id}),
            batch_size=int(properties.get("BatchSize", 10)),
            reports_failures="ReportBatchItemFailures" in properties.get("FunctionResponseTypes", []),
        )

    def _plain(self, value: Any) -> Any:
        """A value as it stands, or the default of the parameter that it refers to, or None."""
        if isinstance(value, dict):
            return self._parameters.get(value.get("Ref"), {}).get("Default")
        return value


def _route(properties: dict[str, Any]) -> Route:
    return Route(properties["Method"].upper(), properties["Path"])
