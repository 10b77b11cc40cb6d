"""API Gateway's models of request bodies, written into the template by `python -m infra.docs.request_models`.

They are those of `docs/openapi.yaml` and stand between two marks. API Gateway reads JSON Schema draft 4 and no
references between models; a keyword that it does not know, or reads otherwise, is left out: that widens the model.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import yaml

from infra.local.server import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

TARGET = ROOT / "template.yaml"
SOURCE = ROOT / "docs" / "openapi.yaml"
BEGIN = "      # Generated from docs/openapi.yaml by `make docs`; nothing is refused by them (docs/adr/0036).\n"
END = "      # End of what is generated.\n"
NO_FIELDS = "NoFields"
_KEPT = {
    *("type", "enum", "required", "additionalProperties", "properties", "items", "oneOf"),
    *("minLength", "maxLength", "minItems", "maxItems", "pattern", "minimum", "maximum"),
}
_BOUNDS = {"exclusiveMinimum": "minimum", "exclusiveMaximum": "maximum"}  # of draft 4 beside a bound, as a flag


def document() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(SOURCE.read_text(encoding="utf-8"))
    return found


def models() -> dict[str, dict[str, Any]]:
    """Each model by its name: that of its schema, or of its only operation."""
    described = document()
    return {
        name: {"title": name, **_draft_4(schema, described)}
        for name, schema, _ in sorted(_bodies(described).values(), key=lambda each: each[0])
    }


def requests() -> dict[tuple[str, str], tuple[str, bool]]:
    """Method and path → the model's name, and whether there must be a body."""
    return {route: (name, is_required) for route, (name, _, is_required) in _bodies(document()).items()}


def render() -> str:
    """The template with the models that it should have."""
    text = TARGET.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    written = yaml.safe_dump({"Models": models()}, width=110, default_flow_style=None, sort_keys=False)
    block = "".join(f"      {line}\n" for line in written.splitlines())
    return before + BEGIN + block + END + after


def _bodies(described: dict[str, Any]) -> dict[tuple[str, str], tuple[str, dict[str, Any], bool]]:
    return dict(_json_bodies(described))


def _json_bodies(described: dict[str, Any]) -> Iterator[tuple[tuple[str, str], tuple[str, dict[str, Any], bool]]]:
    """Of what key holders send. Callbacks are the rails' own, whatever type they come in."""
    for path, operations in described["paths"].items():
        for method, operation in operations.items():
            content = operation.get("requestBody", {}).get("content", {}) if isinstance(operation, dict) else {}
            if "application/json" in content and operation.get("security") != []:
                schema = content["application/json"]["schema"]
                is_required = bool(operation["requestBody"].get("required"))
                yield (method.upper(), path), (_name(operation, schema), schema, is_required)


def _name(operation: dict[str, Any], schema: dict[str, Any]) -> str:
    if "$ref" in schema:
        return str(schema["$ref"].rpartition("/")[2])
    identity = str(operation["operationId"])
    return identity[0].upper() + identity[1:] if schema.get("properties") else NO_FIELDS


def _draft_4(schema: Any, described: dict[str, Any]) -> Any:
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return _draft_4(described["components"]["schemas"][schema["$ref"].rpartition("/")[2]], described)
    kept: dict[str, Any] = {}
    for key, value in schema.items():
        if key in _BOUNDS:
            kept |= {_BOUNDS[key]: value, key: True}
        elif key == "properties":
            kept[key] = {name: _draft_4(each, described) for name, each in value.items()}
        elif key == "oneOf":
            kept[key] = [_draft_4(each, described) for each in value]
        elif key in _KEPT and not _is_foreign(key, value):
            kept[key] = _draft_4(value, described)
    return kept


def _is_foreign(key: str, value: Any) -> bool:
    """OpenAPI 3.0 knows no lists of types, and not every reader of patterns escapes."""
    return (key == "type" and isinstance(value, list)) or (key == "pattern" and "\\u" in value)


if __name__ == "__main__":
    TARGET.write_text(render(), encoding="utf-8")
