"""How callbacks are sent: sealed, signed, and repeated until the merchant answers 200 or 204.

Schedule: 15s/15s/30s/3m/10m/20m/30m/30m/30m/60m/3h/3h/3h/6h/6h after a failed send; a merchant has 5 seconds
("支付成功回调通知").
"""

import json
import secrets
from http import HTTPStatus
from typing import Any

from infra.sandbox.callbacks import Plan
from infra.sandbox.deliveries import Manners
from infra.sandbox.ledger import Db, Ledger
from infra.sandbox.wechat_pay import faults, orders, refunds, switches, wire
from infra.sandbox.wechat_pay.merchant import Merchant, Signer

MINUTE, HOUR = 60, 3600
RETRY_SECONDS = (
    *(15, 15, 30),
    *(3 * MINUTE, 10 * MINUTE, 20 * MINUTE, 30 * MINUTE, 30 * MINUTE, 30 * MINUTE, 60 * MINUTE),
    *(3 * HOUR, 3 * HOUR, 3 * HOUR, 6 * HOUR, 6 * HOUR),
)
TIMEOUT_SECONDS = 5
Envelope = dict[str, Any]


def manners(merchant: Merchant, ledger: Ledger) -> Manners:
    return Manners(
        sign=lambda params, plan: signed(merchant, callback_signer(merchant, ledger), params, plan),
        is_acknowledgement=lambda answer: answer["status"] in (HTTPStatus.OK, HTTPStatus.NO_CONTENT),
        retry_seconds=RETRY_SECONDS,
        timeout_seconds=TIMEOUT_SECONDS,
        tick=tick,
    )


def tick(db: Db) -> None:
    """What happens by itself as time passes."""
    orders.expire(db)
    refunds.settle_due(db)


def callback_signer(merchant: Merchant, ledger: Ledger) -> Signer:
    with ledger.transaction() as db:
        set_to = switches.read(db)
    if set_to["callback_key"] == "public_key":
        return merchant.public_key_signer
    return merchant.certificate(set_to["signing_certificate"])


def signed(merchant: Merchant, signer: Signer, params: Envelope, plan: Plan) -> tuple[bytes, dict[str, str]]:
    kind = plan.get("kind", "")
    fields = _merged(
        {"mchid": merchant.mch_id, "appid": merchant.app_id, **params.get("fields", params)}, faults.changes(plan)
    )
    original_type = params.get("original_type", "transaction")
    plain = json.dumps(fields, ensure_ascii=False, separators=(",", ":")).encode()
    resource = wire.seal(merchant, plain, original_type, params.get("nonce", ""))
    envelope = {
        "id": params.get("id", secrets.token_hex(16)),
        "create_time": params.get("create_time", ""),
        "resource_type": "encrypt-resource",
        "event_type": plan.get("event_type") or params.get("event_type", "TRANSACTION.SUCCESS"),
        "summary": params.get("summary", ""),
        "resource": {"original_type": original_type, **faults.spoiled(resource, plan)},
    }
    body = json.dumps(envelope, ensure_ascii=False, separators=(",", ":")).encode()
    signature_kind = kind if kind in wire.SIGNATURE_KINDS else ""
    headers = {"Content-Type": "application/json; charset=utf-8", "Accept": "*/*"}
    return body, headers | wire.signature_headers(merchant, signer, body, signature_kind)


def _merged(fields: Envelope, changes: Envelope) -> Envelope:
    """`changes` over `fields`; an object's members one by one."""
    merged = dict(fields)
    for name, value in changes.items():
        merged[name] = {**merged.get(name, {}), **value} if isinstance(value, dict) else value
    return merged
