from dataclasses import dataclass

from infra.sandbox.deliveries import Deliveries
from infra.sandbox.ledger import Ledger
from infra.sandbox.unionpay.certificates import Parties


@dataclass(frozen=True)
class UnionPay:
    """The simulated UnionPay's parts, as its routes use them."""

    ledger: Ledger
    parties: Parties
    deliveries: Deliveries
    public_url: str
