"""How notifications are sent: signed form, and repeated until the merchant answers exactly `success`.

Schedule: 4m, 10m, 10m, 1h, 2h, 6h, 15h after a failed send, 8 sends in all ("异步通知说明").
"""

from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

from infra.sandbox.alipay import faults, trades
from infra.sandbox.alipay.certificates import Merchant
from infra.sandbox.alipay.wire import sign_notification
from infra.sandbox.callbacks import Plan
from infra.sandbox.deliveries import Manners

RETRY_SECONDS = (240, 600, 600, 3600, 7200, 21600, 54000)
TIMEOUT_SECONDS = 10


def manners(merchant: Merchant) -> Manners:
    return Manners(
        sign=lambda params, plan: signed(merchant, params, plan),
        is_acknowledgement=is_acknowledgement,
        retry_seconds=RETRY_SECONDS,
        timeout_seconds=TIMEOUT_SECONDS,
        tick=trades.expire,
    )


def signed(merchant: Merchant, params: dict[str, str], plan: Plan) -> tuple[bytes, dict[str, str]]:
    params = addressed(params, merchant) | faults.changed_fields(plan)
    form = sign_notification({name: value for name, value in params.items() if value}, merchant)
    if plan.get("kind") == "bad_signature":
        form["total_amount"] = form.get("total_amount", "") + "0"
    if plan.get("kind") == "unsigned":
        del form["sign"]
    charset = form["charset"]
    headers = {"Content-Type": f"application/x-www-form-urlencoded; charset={charset}"}
    return urlencode(form, encoding=charset, errors="replace").encode(), headers


def addressed(params: dict[str, str], merchant: Merchant) -> dict[str, str]:
    return {
        "charset": "utf-8",
        "sign_type": "RSA2",
        "app_id": merchant.app_id,
        "auth_app_id": merchant.app_id,
        "seller_id": merchant.seller_id,
        **params,
    }


def is_acknowledgement(answer: dict[str, Any]) -> bool:
    return (answer["status"], answer["answer"]) == (HTTPStatus.OK, "success")
