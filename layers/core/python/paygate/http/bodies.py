"""Bodies of the calls that write, read into the services' commands."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from paygate.domain.assets import priced_in
from paygate.domain.errors import InvalidField
from paygate.domain.money import parse_money
from paygate.http.fields import Fields, text
from paygate.http.idempotency import BODY_FIELD
from paygate.http.json_body import Json, Number
from paygate.services.commands import CreatePayment, RefundPayment
from paygate.strategies import registry

if TYPE_CHECKING:
    from collections.abc import Mapping

    from paygate.domain.money import Money
    from paygate.ports import Strategy

MAX_USER_ID = 2**63 - 1
MAX_BATCH = 100
MIN_EXPIRY_SECONDS = 60
MAX_METADATA_BYTES = 4096
MAX_WHOLE_DIGITS = 12
"""No payment is larger, and an event's `amount` stays exact for readers that use doubles."""
LONGEST_ID = 64
LONGEST_TEXT = 256
LONGEST_URL = 2048
CREATE_FIELDS = frozenset(
    {
        "orderId",
        "userId",
        "amount",
        "currency",
        "method",
        "channel",
        "description",
        "returnUrl",
        "expiresInSeconds",
        "metadata",
        BODY_FIELD,
    }
)
REFUND_FIELDS = frozenset({"amount", "currency", "reason", "address", BODY_FIELD})
CANCEL_FIELDS: frozenset[str] = frozenset()
CAPTURE_FIELDS: frozenset[str] = frozenset()
TRANSACTION_FIELDS = frozenset({"replace"})
BROADCAST_FIELDS = frozenset({"transaction"})
LONGEST_TRANSACTION = 60_000  # what a body holds: some 200 inputs of a Bitcoin transaction
CLAIM_FIELDS = frozenset({"txId"})
BATCH_FIELDS = frozenset({"paymentIds"})
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]{0,14})(?:\.[0-9]{1,14})?", re.ASCII)
_EXACT_DIGITS = 15
_LINES = str.maketrans("\t\n\r", "   ")  # what only the shop reads may have lines


def read_create(body: Mapping[str, Json], request_id: str) -> CreatePayment:
    """Raises InvalidField naming the first field that cannot be accepted."""
    fields = Fields(body, CREATE_FIELDS)
    order_id = fields.text("orderId", longest=LONGEST_ID)
    user_id = fields.integer("userId", 0, MAX_USER_ID)
    strategy = registry.strategy(fields.choice("method", method_names()))
    return CreatePayment(
        order_id=order_id,
        user_id=user_id,
        price=_price(fields, strategy),
        method=strategy.method,
        request_id=request_id,
        channel=fields.choice("channel", strategy.channels) if fields.has("channel") else None,
        description=fields.optional_text("description", longest=LONGEST_TEXT),
        return_url=_url(fields, "returnUrl"),
        expires_in_seconds=_expiry(fields, strategy.method),
        metadata=_metadata(fields),
    )


def method_names() -> list[str]:
    return [method.name for method in registry.METHODS]


def read_refund(
    body: Mapping[str, Json], payment_id: str, request_id: str, requested_by: str | None = None
) -> RefundPayment:
    """Without `amount`, all that is left; the amount is checked against the payment by the service."""
    fields = Fields(body, REFUND_FIELDS)
    return RefundPayment(
        payment_id=payment_id,
        request_id=request_id,
        amount=fields.amount("amount") if fields.has("amount") else None,
        currency=fields.optional_text("currency", longest=8),
        reason=fields.optional_text("reason", longest=LONGEST_TEXT),
        address=fields.optional_text("address", longest=LONGEST_TEXT),
        requested_by=requested_by,
    )


def read_cancel(body: Mapping[str, Json]) -> None:
    """Nothing is needed: cancelling twice is cancelling once."""
    Fields(body, CANCEL_FIELDS)


def read_capture(body: Mapping[str, Json]) -> None:
    """Nothing is needed: all of it is taken, and once."""
    Fields(body, CAPTURE_FIELDS)


def read_claim(body: Mapping[str, Json]) -> str:
    """The transaction's id, as the payer has it."""
    return Fields(body, CLAIM_FIELDS).text("txId", longest=LONGEST_TEXT)


def read_transaction(body: Mapping[str, Json]) -> bool:
    """Whether the transaction that is out is to be replaced."""
    fields = Fields(body, TRANSACTION_FIELDS)
    replaces = fields.required("replace") if fields.has("replace") else False
    if not isinstance(replaces, bool):
        raise InvalidField("replace", "must be true or false")
    return replaces


def read_broadcast(body: Mapping[str, Json]) -> str:
    """A signed transaction, in the form that the network's signers give it: hex, a PSBT, or JSON as text."""
    return Fields(body, BROADCAST_FIELDS).text("transaction", longest=LONGEST_TRANSACTION)


def read_batch(body: Mapping[str, Json]) -> list[str]:
    """1 to 100 payment ids, in the order asked; one may be asked twice and is answered twice."""
    ids = Fields(body, BATCH_FIELDS).required("paymentIds")
    if not isinstance(ids, list) or not 0 < len(ids) <= MAX_BATCH:
        raise InvalidField("paymentIds", f"must be a list of 1 to {MAX_BATCH} payment ids")
    return [text(f"paymentIds[{index}]", value, longest=LONGEST_ID) for index, value in enumerate(ids)]


def _price(fields: Fields, strategy: Strategy) -> Money:
    currency = fields.choice("currency", strategy.currencies)
    price = parse_money(fields.amount("amount"), priced_in(currency, strategy.rail))
    if price.units >= 10 ** (MAX_WHOLE_DIGITS + price.asset.decimals):
        raise InvalidField("amount", f"must have at most {MAX_WHOLE_DIGITS} digits before the point")
    return price


def _expiry(fields: Fields, method: str) -> int:
    """A bank needs days for what an app does in seconds, so each method has its own bounds."""
    default, most = registry.expiry(method)
    return (
        fields.integer("expiresInSeconds", MIN_EXPIRY_SECONDS, most) if fields.has("expiresInSeconds") else default
    )


def _url(fields: Fields, name: str) -> str | None:
    url = fields.optional_text(name, longest=LONGEST_URL)
    if url is not None and not _is_web_url(url):
        raise InvalidField(name, "must be an absolute http or https URL in ASCII")
    return url


def _is_web_url(url: str) -> bool:
    """Printable ASCII without spaces, a web scheme, a host, a sensible port, and no user or password."""
    if not url.isascii() or " " in url or "\\" in url:
        return False
    try:
        parts = urlsplit(url)
        is_port_fine = parts.port != 0
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.hostname) and "@" not in parts.netloc and is_port_fine


def _metadata(fields: Fields) -> dict[str, object]:
    if not fields.has("metadata"):
        return {}
    given = fields.required("metadata")
    if not isinstance(given, dict):
        raise InvalidField("metadata", "must be an object")
    read = {_metadata_name(name): _metadata_value(f"metadata.{name}", value) for name, value in given.items()}
    if len(json.dumps(read, ensure_ascii=False, separators=(",", ":")).encode()) > MAX_METADATA_BYTES:
        raise InvalidField("metadata", f"must be at most {MAX_METADATA_BYTES} bytes of JSON")
    return read


def _metadata_name(name: str) -> str:
    return text("metadata", name, longest=LONGEST_ID)


def _metadata_value(field: str, value: Json) -> object:
    if isinstance(value, dict | list):
        raise InvalidField(field, "must be a string, a number, true, false or null")
    if isinstance(value, Number):
        return _metadata_number(field, value.literal)
    if isinstance(value, str) and value:
        text(field, value.translate(_LINES), longest=MAX_METADATA_BYTES)
    return value


def _metadata_number(field: str, literal: str) -> object:
    """Numbers that every JSON reader reads the same: at most 15 digits, no exponent."""
    is_exact = _NUMBER.fullmatch(literal) and sum(map(str.isdigit, literal)) <= _EXACT_DIGITS
    if not is_exact:
        raise InvalidField(field, "must have at most 15 digits and no exponent; send it as a string")
    return json.loads(literal)
