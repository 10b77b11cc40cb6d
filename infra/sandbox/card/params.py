"""What an endpoint takes: names, and how each value must look.

A specification is a dict of names to a reader or, for objects, to another specification. Readers raise
ParameterError. Codes: docs.stripe.com/error-codes (parameter_unknown, parameter_missing, parameter_invalid_…).
"""

import re
from collections.abc import Callable
from typing import Any

from infra.sandbox.card.errors import invalid, missing, not_simulated, unknown

Reader = Callable[[str, Any], Any]
Spec = dict[str, Any]
MAX_INTEGER_DIGITS = 12
METADATA_KEYS, METADATA_NAME, METADATA_VALUE = 50, 40, 500


def check(spec: Spec, params: dict[str, Any], required: tuple[str, ...] = (), prefix: str = "") -> dict[str, Any]:
    strange = [_joined(prefix, name) for name in params if name not in spec]
    if strange:
        raise unknown(strange)
    for name in required:
        if name not in params:
            raise missing(_joined(prefix, name))
    return {name: _read(spec[name], _joined(prefix, name), value) for name, value in params.items()}


def _read(reader: Reader | Spec, name: str, value: Any) -> Any:
    if not isinstance(reader, dict):
        return reader(name, value)
    if not isinstance(value, dict):
        raise invalid(name, f"Invalid object: {name}")
    return check(reader, value, prefix=name)


def _joined(prefix: str, name: str) -> str:
    return f"{prefix}[{name}]" if prefix else name


def text(name: str, value: Any) -> str:
    if not isinstance(value, str):
        raise invalid(name, f"Invalid string: {name}")
    if not value:
        raise invalid(
            name,
            f"You passed an empty string for '{name}'. We assume empty values are an attempt to unset a parameter;"
            f" however '{name}' cannot be unset. You should remove '{name}' from your request or supply a"
            " non-empty value.",
            "parameter_invalid_empty",
        )
    return value


def at_most(length: int) -> Reader:
    def read(name: str, value: Any) -> str:
        if len(text(name, value)) > length:
            raise invalid(name, f"Invalid string: {name} must be at most {length} characters")
        return str(value)

    return read


def integer(name: str, value: Any) -> int:
    if not re.fullmatch(rf"-?[0-9]{{1,{MAX_INTEGER_DIGITS}}}", text(name, value)):
        raise invalid(name, f"Invalid integer: {value}", "parameter_invalid_integer")
    return int(value)


def positive(name: str, value: Any) -> int:
    number = integer(name, value)
    if number < 1:
        raise invalid(name, "This value must be greater than or equal to 1.", "parameter_invalid_integer")
    return number


def boolean(name: str, value: Any) -> bool:
    if value not in ("true", "false"):
        raise invalid(name, f"Invalid boolean: {value}")
    return bool(value == "true")


def one_of(*choices: str) -> Reader:
    def read(name: str, value: Any) -> str:
        if text(name, value) not in choices:
            raise invalid(name, f"Invalid {name}: must be one of {', '.join(choices)}")
        return str(value)

    return read


def only(wanted: str) -> Reader:
    """The one value of many that the sandbox simulates."""

    def read(name: str, value: Any) -> str:
        if text(name, value) != wanted:
            raise not_simulated(f"{name}={value}")
        return wanted

    return read


def texts(name: str, value: Any) -> list[str]:
    if not isinstance(value, list):
        raise invalid(name, "Invalid array")
    return [text(f"{name}[{index}]", item) for index, item in enumerate(value)]


def metadata(name: str, value: Any) -> dict[str, str]:
    """docs.stripe.com/api/metadata: 50 keys of 40 characters, values of 500; an empty value unsets."""
    if value == "":
        return {}
    if not isinstance(value, dict) or not all(isinstance(item, str) for item in value.values()):
        raise invalid(name, "Invalid object: metadata values are strings")
    if len(value) > METADATA_KEYS:
        raise invalid(name, f"You can have up to {METADATA_KEYS} keys in metadata.")
    for key, item in value.items():
        if len(key) > METADATA_NAME or len(item) > METADATA_VALUE:
            raise invalid(f"{name}[{key}]", "Metadata keys have up to 40 characters, and values up to 500.")
    return value


def absent(name: str, _value: Any) -> Any:
    """Stripe has it and the sandbox does not: better refused than silently left undone."""
    raise not_simulated(name)


def known(*names: str) -> Spec:
    return dict.fromkeys(names, absent)


CREATED = {"gt": integer, "gte": integer, "lt": integer, "lte": integer}
PAGE: Spec = {
    "limit": positive,
    "starting_after": text,
    "ending_before": text,
    "created": CREATED,
    "expand": texts,
}
