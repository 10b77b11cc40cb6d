"""Certificate mode (公钥证书模式): serial numbers as Alipay makes them."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cryptography.x509 import Certificate


def serial_number(certificate: Certificate) -> str:
    """`app_cert_sn`, `alipay_cert_sn`: MD5 of the issuer, most specific part first, and the decimal serial.

    As AntCertificationUtil of Alipay's SDKs has it; `rfc4514_string` already gives that order.
    """
    named = certificate.issuer.rfc4514_string() + str(certificate.serial_number)
    return hashlib.md5(named.encode(), usedforsecurity=False).hexdigest()


def root_serial_number(roots: Sequence[Certificate]) -> str:
    """`alipay_root_cert_sn`: the serial numbers of all RSA-signed roots, joined."""
    return "_".join(serial_number(root) for root in roots)
