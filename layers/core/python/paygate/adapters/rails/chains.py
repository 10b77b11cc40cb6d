"""Certificates of rails: whether signatures lead from one to another that is pinned."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cryptography.exceptions import InvalidSignature

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cryptography.x509 import Certificate

_LONGEST_CHAIN = 5


def is_chained(leaf: Certificate, between: Sequence[Certificate], roots: Sequence[Certificate]) -> bool:
    """Whether signatures lead from `leaf` to one of `roots`.

    Dates, names and uses are not looked at: that is for whoever calls.
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
