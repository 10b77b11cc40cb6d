"""Certificate mode (公钥证书模式): serial numbers as Alipay makes them, and the chain to the configured root."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from cryptography.exceptions import InvalidSignature

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cryptography.x509 import Certificate

_LONGEST_CHAIN = 5


def serial_number(certificate: Certificate) -> str:
    """`app_cert_sn`, `alipay_cert_sn`: MD5 of the issuer, most specific part first, and the decimal serial.

    As AntCertificationUtil of Alipay's SDKs has it; `rfc4514_string` already gives that order.
    """
    named = certificate.issuer.rfc4514_string() + str(certificate.serial_number)
    return hashlib.md5(named.encode(), usedforsecurity=False).hexdigest()


def root_serial_number(roots: Sequence[Certificate]) -> str:
    """`alipay_root_cert_sn`: the serial numbers of all RSA-signed roots, joined."""
    return "_".join(serial_number(root) for root in roots)


def is_chained(leaf: Certificate, between: Sequence[Certificate], roots: Sequence[Certificate]) -> bool:
    """Whether signatures lead from `leaf` to one of `roots`.

    Dates are not looked at: the certificate itself is pinned by configuration, and Alipay announces renewals.
    """
    current = leaf
    for _ in range(_LONGEST_CHAIN):
        if any(_is_issued_by(current, root) for root in roots):
            return True
        issuer = next((one for one in between if _is_issued_by(current, one)), None)
        if issuer is None:
            return False
        current = issuer
    return False


def _is_issued_by(certificate: Certificate, issuer: Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True
