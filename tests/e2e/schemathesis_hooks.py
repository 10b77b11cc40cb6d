"""Schemathesis knows nothing of keys that must be new each time: it gets one where it sends none."""

from uuid import uuid4

import schemathesis

NEEDS_A_KEY = {"createPayment", "refundPayment"}


@schemathesis.hook
def before_call(context, case, kwargs):  # type: ignore[no-untyped-def]
    is_asked = case.operation.definition.raw.get("operationId") in NEEDS_A_KEY
    has_key = isinstance(case.body, dict) and "idempotencyKey" in case.body
    if is_asked and not has_key and "Idempotency-Key" not in (case.headers or {}):
        case.headers = {**(case.headers or {}), "Idempotency-Key": uuid4().hex}
