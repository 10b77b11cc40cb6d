"""Alipay's OpenAPI v2 gateway: QR, web page, H5 and app payments, signed with RSA2."""

from paygate.adapters.rails.alipay.rail import AlipayRail
from paygate.adapters.rails.alipay.settings import AlipaySettings

__all__ = ["AlipayRail", "AlipaySettings"]
