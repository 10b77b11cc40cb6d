from dataclasses import dataclass

from infra.sandbox.alipay.certificates import Merchant
from infra.sandbox.alipay.ledger import Ledger
from infra.sandbox.alipay.notify import Notifier


@dataclass(frozen=True)
class Alipay:
    """The simulated Alipay's parts, as its routes use them."""

    ledger: Ledger
    merchant: Merchant
    notifier: Notifier
    public_url: str
