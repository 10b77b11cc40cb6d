from dataclasses import dataclass

from infra.sandbox.card.merchant import Merchant
from infra.sandbox.deliveries import Deliveries
from infra.sandbox.ledger import Db, Ledger


@dataclass(frozen=True)
class Processor:
    """The simulated processor's parts, as its routes use them."""

    ledger: Ledger
    merchant: Merchant
    deliveries: Deliveries
    public_url: str
    time_scale: float


@dataclass(frozen=True)
class Work:
    """One piece of work in the books, and the request that asked for it, where there is one."""

    db: Db
    public_url: str
    request_id: str | None = None
    idempotency_key: str | None = None
    time_scale: float = 1.0
    refund_status: str | None = None
    """What the fault script wants a refund to begin as."""
