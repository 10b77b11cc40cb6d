from dataclasses import dataclass

from infra.sandbox.alipay.certificates import Merchant
from infra.sandbox.deliveries import Deliveries
from infra.sandbox.ledger import Ledger


@dataclass(frozen=True)
class Alipay:
    """The simulated Alipay's parts, as its routes use them."""

    ledger: Ledger
    merchant: Merchant
    deliveries: Deliveries
    public_url: str
