"""UnionPay's online gateway (全渠道 ACP 5.1.0): payment forms, app payments and QR codes."""

from paygate.adapters.rails.unionpay.rail import UnionPayRail
from paygate.adapters.rails.unionpay.settings import UnionPaySettings

__all__ = ["UnionPayRail", "UnionPaySettings"]
