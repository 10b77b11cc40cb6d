"""The reference that a bank transfer of ours carries: a payer's, or that of a refund which a person pays out."""

from __future__ import annotations

from paygate.domain.bank_reference import MEMO_BODY, RF_BODY, creditor_reference, memo_code, reference_body


def transfer_reference(own_id: str, currency: str) -> str:
    """An ISO 11649 reference for euros, else a memo code, both of the end of an id of ours."""
    if currency == "EUR":
        return creditor_reference(reference_body(own_id, RF_BODY))
    return memo_code(reference_body(own_id, MEMO_BODY))
