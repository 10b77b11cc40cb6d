"""What can go wrong at WeChat Pay beside what can go wrong everywhere (mishaps.py and callbacks.py one folder up).

Methods are native, h5, jsapi, app, query, query_id, close, refund, refund_query, abnormal_refund, certificates;
`callback` is every callback.

Call kinds:
  system_error     answer 500 SYSTEM_ERROR; `work`: true does the work first
  busy             answer 429 FREQUENCY_LIMITED, or `code` RATELIMIT_EXCEEDED; `work`: true does the work first
  business_error   answer `code` (with `status` and `message`, the usual ones without), nothing done
  becomes          refund only: work, and let the refund become `status` after `seconds` (0); PROCESSING stays
  callback_first   work, and have the resulting callbacks answered before our own answer leaves;
                   on an order just announced the payer also pays, `pay`: false only works
  bad_signature, unsigned, probe, stale, unknown_serial, public_key
                   work, then answer with such a signature; a probe's begins with WECHATPAY/SIGNTEST/
Callback kinds:
  wrong_amount, wrong_currency, wrong_app_id, wrong_merchant, other_order (`out_trade_no_sent`),
  override (`fields`, merged into the resource; any kind takes them, and `event_type`)
                   well sealed and signed, with these values in it
  bad_tag, bad_base64, nonce_length (`length`, 7)
                   well signed, with a resource that cannot be opened
  and the six signatures above
"""

import base64
from typing import Any

from infra.sandbox import callbacks, mishaps
from infra.sandbox.callbacks import Plan
from infra.sandbox.faults import Kinds
from infra.sandbox.wechat_pay.mishaps import KINDS as OWN_CALL_KINDS
from infra.sandbox.wechat_pay.wire import SIGNATURE_KINDS

# What the kind changes among the sealed fields.
OVERRIDES: dict[str, dict[str, Any]] = {
    "wrong_amount": {"amount": {"total": 1, "payer_total": 1}},
    "wrong_currency": {"amount": {"currency": "USD", "payer_currency": "USD"}},
    "wrong_app_id": {"appid": "wx0000000000000001"},
    "wrong_merchant": {"mchid": "1900000001"},
    "other_order": {"out_trade_no": "ANOTHERORDER0000000000000000"},
    "override": {},
}
SPOILERS = {"bad_tag", "bad_base64", "nonce_length"}
KINDS = Kinds(
    call={*mishaps.KINDS, *OWN_CALL_KINDS},
    callback={*callbacks.KINDS, *OVERRIDES, *SPOILERS, *SIGNATURE_KINDS},
)


def changes(plan: Plan) -> dict[str, Any]:
    changed = dict(OVERRIDES.get(plan.get("kind", ""), {}))
    if "out_trade_no_sent" in plan:
        changed["out_trade_no"] = plan["out_trade_no_sent"]
    return {**changed, **plan.get("fields", {})}


def spoiled(resource: dict[str, str], plan: Plan) -> dict[str, str]:
    kind = plan.get("kind")
    if kind == "bad_tag":
        sealed = base64.b64decode(resource["ciphertext"])
        broken = sealed[:-1] + bytes([sealed[-1] ^ 1])
        return resource | {"ciphertext": base64.b64encode(broken).decode()}
    if kind == "bad_base64":
        return resource | {"ciphertext": "*" + resource["ciphertext"][1:]}
    if kind == "nonce_length":
        length = int(plan.get("length", 7))
        return resource | {"nonce": (resource["nonce"] * (length // 12 + 1))[:length]}
    return resource
