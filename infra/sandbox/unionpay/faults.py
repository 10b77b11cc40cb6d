"""What can go wrong at UnionPay beside what can go wrong everywhere (mishaps.py and callbacks.py one folder up).

Call kinds (`method`: front, app, qr, void, refund, query, or `*`):
  refuse           answer `respCode` (default 02), nothing done; `work`: true does the work first
  bad_signature    work, then answer with a signature over other fields
  unsigned         work, then answer without a signature
  signer           work, then answer signed by `signer`: merchant (the authority certifies it, the name is another),
                   lookalike, foreign (the right names, another root) or expired
  override         work, then answer with `fields` in it, well signed
  empty_fields     work, then answer with empty fields in it, which the signature leaves out
  callback_first   work, and have the resulting callbacks answered before our own answer leaves;
                   on a payment the payer also pays, `pay`: false only works
In the payer's browser (front) only refuse and callback_first do anything of these.
Callback kinds (`method` "callback"):
  wrong_amount, wrong_settle_amount (settleAmt alone), wrong_currency, wrong_merchant,
  other_order (`orderId`), override (`fields`), empty_fields
                   well signed, with these values in it
  signer           as above
  bad_signature    one value changed after signing
  unsigned         no signature in it
What becomes of a payment, void or refund is no fault: see outcome and finish in control.py.
"""

from typing import Any

from infra.sandbox import callbacks, mishaps
from infra.sandbox.callbacks import Plan
from infra.sandbox.faults import Kinds
from infra.sandbox.unionpay.wire import Fields

EMPTY = {"exchangeDate": "", "reserved": "", "bindId": ""}
# What the kind changes among the signed fields.
OVERRIDES: dict[str, Fields] = {
    "wrong_amount": {"txnAmt": "1", "settleAmt": "1"},
    "wrong_settle_amount": {"settleAmt": "1"},
    "wrong_currency": {"currencyCode": "840", "settleCurrencyCode": "840"},
    "wrong_merchant": {"merId": "777290000000001"},
    "other_order": {"orderId": "ANOTHERORDER0000000000000000"},
    "empty_fields": EMPTY,
}
ANSWER_KINDS = {"bad_signature", "unsigned", "signer", "override", "empty_fields"}
KINDS = Kinds(
    call={*mishaps.KINDS, *ANSWER_KINDS, "refuse", "callback_first"},
    callback={*callbacks.KINDS, *ANSWER_KINDS, *OVERRIDES},
)


def changed_fields(plan: Plan) -> dict[str, Any]:
    changed: dict[str, Any] = dict(OVERRIDES.get(plan.get("kind", ""), {}))
    if "orderId" in plan:
        changed["orderId"] = plan["orderId"]
    return {**changed, **plan.get("fields", {})}
