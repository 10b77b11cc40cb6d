from dataclasses import dataclass

from infra.sandbox.deliveries import Deliveries
from infra.sandbox.ledger import Ledger
from infra.sandbox.wechat_pay.merchant import Merchant


@dataclass(frozen=True)
class WechatPay:
    """The simulated WeChat Pay's parts, as its routes use them."""

    ledger: Ledger
    merchant: Merchant
    deliveries: Deliveries
    public_url: str
    time_scale: float
