"""USDT at payments' addresses on TRON: a transfer for each, from the address to the treasury.

An address that only ever received tokens is no account yet: the TRX that pays for the transfer makes it one, and
whoever sends that pays 1.1 TRX more for it (TRON developer documentation, "Resource Model", "Account activation").
Transactions live for a day at most: sign and send them within 23 hours.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from paygate.adapters.chains import token_calls
from paygate.adapters.chains.origins import Origins
from paygate.adapters.chains.tron.blocks import NEWEST
from paygate.adapters.chains.tron.chain import TronChain
from paygate.adapters.chains.tron.node import TronNode
from paygate.adapters.chains.tron.resources import Resources
from paygate.adapters.chains.tron.transactions import Transfer
from paygate.adapters.chains.tron.treasury import LONGEST
from paygate.chain_ports import PayoutOrder
from paygate.domain.errors import NodeMisled, NodeUnavailable, TransactionRefused, TreasuryMissing, TreasuryTooPoor
from paygate.domain.money import Money, decimal_text
from paygate.sweep_ports import SweepPlan

if TYPE_CHECKING:
    from collections.abc import Sequence

    from paygate.adapters.chains.tron.settings import TronSettings
    from paygate.adapters.rails.http import RailHttp
    from paygate.chain_ports import Block
    from paygate.sweep_ports import PaidAddress

_PREFIX = "41"
_WORD_BYTES = 32
_TRX_DECIMALS = 6
_SIGNED_BYTES = 140  # the signature, the messages around it, and 64 for a result that is not there yet
_MARGIN_PERCENT = 20  # so much dearer a popular contract may get within six hours ("Dynamic Energy Model")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class _Move:
    """One address's transfer, and what it takes beyond what the address has: `sun` in all, `missing` of them."""

    paid: PaidAddress
    transfer: Transfer
    energy: int
    sun: int
    missing: int
    is_active: bool


class TronCollector:
    def __init__(self, settings: TronSettings, http: RailHttp) -> None:
        if settings.treasury is None:
            raise TreasuryMissing("no treasury is configured for tron")
        self._settings, self._treasury = settings, settings.treasury
        self._node, self._chain = TronNode(settings, http), TronChain(settings, http)
        self._origins = Origins(settings.account)

    def plan(self, addresses: Sequence[PaidAddress], least: int, /) -> SweepPlan:
        head = self._chain.head()  # asserts which chain it is
        final = self._chain.block(head.final_height)
        if final is None:
            raise NodeUnavailable("tron's node lacks a block below its head")
        moves: list[_Move] = []
        left_out: list[dict[str, Any]] = []
        for paid in addresses:
            units = self._tokens(paid)
            if units >= max(least, 1):
                try:
                    moves.append(self._move(paid, units, final, head.latest))
                except (TransactionRefused, TreasuryTooPoor):
                    left_out.append(self._left(paid, units, "the token's contract would not move it"))
            elif units:
                left_out.append(self._left(paid, units, "is less than collecting it is worth"))
        collected = sum(move.transfer.units for move in moves)
        return SweepPlan(
            [self._document(move) for move in moves],
            {self._settings.usdt.code: decimal_text(collected, self._settings.usdt.decimals)},
            self._needs(moves),
            left_out,
        )

    # ------------------------------------------------------------ what the node says

    def _tokens(self, paid: PaidAddress) -> int:
        answer = self._node.ask(
            f"{NEWEST}/triggerconstantcontract",
            owner_address=_PREFIX + paid.key,
            contract_address=_PREFIX + self._settings.token,
            function_selector="balanceOf(address)",
            parameter=token_calls.balance_of(paid.key)[4:].hex(),
        )
        try:
            [word] = answer["constant_result"]
            raw = bytes.fromhex(word)
        except (LookupError, TypeError, ValueError):
            raise NodeMisled("tron's node tells no balance") from None
        if len(raw) != _WORD_BYTES:
            raise NodeMisled("tron's node tells no balance")
        return int.from_bytes(raw, "big")

    def _move(self, paid: PaidAddress, units: int, final: Block, newest: Block) -> _Move:
        to = self._settings.encoding.text(self._treasury)
        order = PayoutOrder("", Money(units, self._settings.usdt), self._treasury, to)
        cost = Resources(self._node, paid.key, self._settings.token).cost(order)
        now = (newest.time - _EPOCH) // _MILLISECOND
        transfer = Transfer(
            owner=paid.key,
            token=self._settings.token,
            recipient=self._treasury,
            units=units,
            place=final.hash[12:16],
            proof=final.hash[16:32],
            expiration=now + LONGEST // _MILLISECOND,
            timestamp=now,
            fee_limit=cost.fee_limit,
        )
        account, has = self._about("getaccount", paid), self._about("getaccountresource", paid)
        energy = max(cost.energy - max(_count(has, "EnergyLimit") - _count(has, "EnergyUsed"), 0), 0)
        size = len(transfer.encoded()) + _SIGNED_BYTES
        sun = energy * cost.price * (100 + _MARGIN_PERCENT) // 100 + _for_bytes(has, size) * cost.byte_price
        missing = max(sun - _count(account, "balance"), 0)
        return _Move(paid, transfer, cost.energy, sun, missing, is_active=bool(account))

    def _about(self, question: str, paid: PaidAddress) -> dict[str, Any]:
        """Nothing of an address that is no account."""
        said = self._node.ask(f"{NEWEST}/{question}", address=_PREFIX + paid.key)
        if not isinstance(said, dict):
            raise NodeMisled("what tron's node says of an account cannot be read")
        return said

    # ------------------------------------------------------------ what the plan says

    def _document(self, move: _Move) -> dict[str, Any]:
        transfer, usdt = move.transfer, self._settings.usdt
        to = self._settings.encoding.text(self._treasury)
        return {
            "network": "tron",
            "pays": {"asset": usdt.code, "amount": decimal_text(transfer.units, usdt.decimals), "to": to},
            "from": move.paid.address,
            **self._origins.told(move.paid),
            "feeLimit": str(transfer.fee_limit),
            "expiresAt": (_EPOCH + transfer.expiration * _MILLISECOND).strftime("%Y-%m-%dT%H:%M:%SZ"),
            **transfer.for_wallets(),
        }

    def _needs(self, moves: Sequence[_Move]) -> dict[str, Any]:
        each = [
            {
                **self._origins.told(move.paid),
                "energy": move.energy,
                "amount": _trx(move.sun),
                "isActivated": move.is_active,
            }
            for move in moves
        ]
        fund = [{**self._origins.told(move.paid), "amount": _trx(move.missing)} for move in moves if move.missing]
        return {
            "asset": "TRX",
            "perAddress": each,
            "energy": sum(move.energy for move in moves),
            "total": _trx(sum(move.sun for move in moves)),
            "toFund": fund,
            "totalToFund": _trx(sum(move.missing for move in moves)),
            "toActivate": sum(not move.is_active for move in moves),
        }

    def _left(self, paid: PaidAddress, units: int, why: str) -> dict[str, Any]:
        usdt = self._settings.usdt
        amount = decimal_text(units, usdt.decimals)
        return {**self._origins.told(paid), "asset": usdt.code, "amount": amount, "reason": why}


def _for_bytes(has: dict[str, Any], size: int) -> int:
    """Bytes that are paid for: all, unless one kind of bandwidth has room for them."""
    spare = (("NetLimit", "NetUsed"), ("freeNetLimit", "freeNetUsed"))
    has_room = any(_count(has, limit) - _count(has, used) >= size for limit, used in spare)
    return 0 if has_room else size


def _count(content: dict[str, Any], name: str) -> int:
    """Numbers that are zero are left out."""
    value = content.get(name, 0)
    if type(value) is not int or value < 0:
        raise NodeMisled("what tron's node says of an account cannot be read")
    return value


def _trx(sun: int) -> str:
    return decimal_text(sun, _TRX_DECIMALS)
