"""What a wallet opens to pay: one text with the address and the amount."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from paygate.domain.money import Money


def bitcoin(address: str, due: Money) -> str:
    """BIP 21: the amount in bitcoins."""
    return f"bitcoin:{address}?amount={due.text().rstrip('0').rstrip('.')}"


def ether(address: str, due: Money, chain_id: int) -> str:
    """ERC-681: the amount in wei."""
    return f"ethereum:{address}@{chain_id}?value={due.units}"


def token(address: str, due: Money, chain_id: int, contract: str) -> str:
    """ERC-681: a call of the token's contract."""
    return f"ethereum:{contract}@{chain_id}/transfer?address={address}&uint256={due.units}"
