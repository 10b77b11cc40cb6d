"""What can go wrong at Alipay beside what can go wrong everywhere (mishaps.py and callbacks.py one folder up).

Gateway kinds (`method` an alipay.trade.* name or `*`):
  system_error     answer ACQ.SYSTEM_ERROR, or 20000 with `code`: "20000"; `work`: true does the work first
  business_error   answer 40004 with `sub_code`, nothing done
  bad_signature    work, then answer with a signature over other bytes
  callback_first   work, and have the resulting callbacks answered before our own answer leaves;
                   on an order just announced the payer also pays, `pay`: false only works
Callback kinds (`method` "callback"):
  wrong_amount, wrong_currency, wrong_app_id, wrong_seller, other_order (`out_trade_no_sent`),
  override (`fields`)
                   well signed, with these values in it
  bad_signature    one value changed after signing
  unsigned         no signature in it
"""

from infra.sandbox import callbacks, mishaps
from infra.sandbox.alipay.mishaps import KINDS as OWN_CALL_KINDS
from infra.sandbox.callbacks import Plan
from infra.sandbox.faults import Kinds

# What the kind changes among the signed fields.
OVERRIDES: dict[str, dict[str, str]] = {
    "wrong_amount": {"total_amount": "0.01", "receipt_amount": "0.01", "buyer_pay_amount": "0.01"},
    "wrong_currency": {"trans_currency": "USD", "settle_currency": "USD"},
    "wrong_app_id": {"app_id": "2021000000000001", "auth_app_id": "2021000000000001"},
    "wrong_seller": {"seller_id": "2088000000000001"},
    "other_order": {"out_trade_no": "ANOTHERORDER0000000000000000"},
}
KINDS = Kinds(
    call={*mishaps.KINDS, *OWN_CALL_KINDS},
    callback={*callbacks.KINDS, *OVERRIDES, "bad_signature", "unsigned", "override"},
)


def changed_fields(plan: Plan) -> dict[str, str]:
    changed = dict(OVERRIDES.get(plan.get("kind", ""), {}))
    if "out_trade_no_sent" in plan:
        changed["out_trade_no"] = plan["out_trade_no_sent"]
    return {**changed, **plan.get("fields", {})}
