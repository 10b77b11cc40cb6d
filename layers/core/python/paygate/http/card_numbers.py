"""Card numbers are turned away at the edge, before anything could keep, log or repeat them.

They belong into the processor's hosted fields, and a system that never sees one stays out of the scope of PCI DSS.
A payment by card is refused for one anywhere. Of other methods only the free texts are looked at: a shop whose
order numbers are 13 to 19 digits, of which one in twenty-five looks like a card, is not to suffer for cards that
it does not take. Such a shop that does take cards names orders for them with fewer digits, or letters among them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from paygate.card_numbers import holds_card_number
from paygate.domain.errors import InvalidField
from paygate.http.errors import CardNumberRefused
from paygate.http.fields import plain_decimal
from paygate.http.idempotency import HEADER
from paygate.http.json_body import Json, Number

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from paygate.http.request import Request

CARD_METHODS = frozenset({"CREDIT_CARD"})
_FREE_TEXTS = ("description", "metadata")


def refuse_in_create(request: Request, body: Mapping[str, Json]) -> None:
    """Raises CardNumberRefused, which names the field and not the number."""
    method = body.get("method")
    if not isinstance(method, str) or method in CARD_METHODS:
        _refuse(_around(request))
        _refuse(_texts("", dict(body)))
    else:
        refuse_in(body, *_FREE_TEXTS)


def refuse_in(body: Mapping[str, Json], *names: str) -> None:
    """The same for these fields alone."""
    for name in names:
        _refuse(_texts(name, body.get(name)))


def _refuse(texts: Iterator[tuple[str, str]]) -> None:
    for field, text in texts:
        if holds_card_number(text):
            raise CardNumberRefused(field)


def _around(request: Request) -> Iterator[tuple[str, str]]:
    yield "path", request.sent_path
    for name, values in request.query.items():
        yield from (("query", text) for text in (name, *values))
    yield from ((HEADER, key) for key in request.headers.get(HEADER.lower(), ()))


def _texts(field: str, value: Json) -> Iterator[tuple[str, str]]:
    """Every string, number and name in it, by the field that it stands in; a name stands in what is around it."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield field or "body", name
            yield from _texts(f"{field}.{name}" if field else name, inner)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _texts(f"{field}[{index}]", inner)
    elif isinstance(value, Number):
        yield field, value.literal
        yield field, _written_out(value)
    elif isinstance(value, str):
        yield field, value


def _written_out(number: Number) -> str:
    try:
        return plain_decimal("", number)
    except InvalidField:  # no number that anybody would send
        return ""
