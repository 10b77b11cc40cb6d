"""A treasury on TRON: an address whose key is elsewhere. What it pays is not numbered; it expires.

So two transactions for one refund can both be mined, unless the first has expired: until that is past, final, and
without a trace of it, there is no second.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from paygate.adapters.chains.tron import broadcasting, transactions
from paygate.adapters.chains.tron.chain import TronChain
from paygate.adapters.chains.tron.node import TronNode
from paygate.adapters.chains.tron.resources import Resources
from paygate.adapters.chains.tron.transactions import Transfer
from paygate.chain_ports import Signed, Unsigned
from paygate.domain.errors import InvalidField, NodeUnavailable, NotYetReplaceable, TreasuryMissing

if TYPE_CHECKING:
    from collections.abc import Collection
    from typing import Any

    from paygate.adapters.chains.tron.resources import Cost
    from paygate.adapters.chains.tron.settings import TronSettings
    from paygate.adapters.rails.http import RailHttp
    from paygate.chain_ports import Block, Head, PayoutOrder

FIELD = "transaction"
LONGEST = timedelta(hours=23)
"""From the newest block; java-tron takes no more than a day (Constant.MAXIMUM_TIME_UNTIL_EXPIRATION). Long, so that
people who sign on machines without a network have time."""

LAGGING = timedelta(minutes=5)
"""Behind one address are many nodes: so far past its end must final blocks be before nobody's knowing of a
transaction is believed."""

_SPREAD_MS = 3_600_000  # an hour
_MOST_CHARACTERS = 20_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


class TronTreasury:
    network = "tron"

    def __init__(self, settings: TronSettings, http: RailHttp) -> None:
        if settings.treasury is None:
            raise TreasuryMissing("no treasury is configured for tron")
        self.address = settings.encoding.text(settings.treasury)
        self._settings, self._key = settings, settings.treasury
        self._node, self._chain = TronNode(settings, http), TronChain(settings, http)
        self._resources = Resources(self._node, settings.treasury, settings.token)

    def next_nonce(self) -> int | None:
        return None

    def prepare(
        self, order: PayoutOrder, _nonce: int | None, _taken: Collection[str], replaces: Unsigned | None, /
    ) -> Unsigned:
        self._require_asset(order)
        head = self._chain.head()  # asserts which chain it is
        if replaces is not None:
            self._require_lapsed(replaces, head)
        cost = self._resources.cost(order)
        transfer = self._transfer(order, self._reference(head), head.latest, cost)
        self._resources.require(cost, len(transfer.encoded()))
        return Unsigned(
            self._document(order, transfer),
            tx_id=transactions.id_of(transfer.encoded()),
            expires_at=_EPOCH + transfer.expiration * _MILLISECOND,
        )

    def check(self, order: PayoutOrder, unsigned: Unsigned, signed: str, /) -> Signed:
        """What was prepared is made again, from the order: a signature of anything else is refused."""
        self._require_asset(order)
        made = (self._key, self._settings.token, order.recipient, order.amount.units)
        raw = Transfer.again(*made, unsigned.document["raw_data"]).encoded()
        try:
            if raw.hex() != unsigned.document["raw_data_hex"] or len(signed) > _MOST_CHARACTERS:
                raise ValueError("is not what this refund pays")  # noqa: TRY301
            signature = transactions.signature_of(signed, raw)
            sender = transactions.signed_by(raw, signature)
        except ValueError as wrong:
            raise InvalidField(FIELD, str(wrong)) from None
        if sender != self._key:
            raise InvalidField(FIELD, "is not signed by the treasury")
        if unsigned.expires_at is not None and self._chain.head().latest.time >= unsigned.expires_at:
            raise InvalidField(FIELD, "has expired: prepare another")
        return Signed(transactions.id_of(raw), transactions.with_signature(raw, signature).hex())

    def send(self, signed: Signed, /) -> None:
        broadcasting.send(self._node, signed)

    # ------------------------------------------------------------ making one

    def _transfer(self, order: PayoutOrder, reference: Block, newest: Block, cost: Cost) -> Transfer:
        """Nobody checks the timestamp, and up to an hour of a long life matters as little: by the refund's id they
        tell transactions apart that pay the same to the same, which would be one and the same else.
        """
        number = int.from_bytes(hashlib.sha256(order.refund_id.encode()).digest()[:8], "big")
        now = (newest.time - _EPOCH) // _MILLISECOND
        return Transfer(
            owner=self._key,
            token=self._settings.token,
            recipient=order.recipient,
            units=order.amount.units,
            place=reference.hash[12:16],
            proof=reference.hash[16:32],
            expiration=now + LONGEST // _MILLISECOND - number % _SPREAD_MS,
            timestamp=now - number // _SPREAD_MS % _SPREAD_MS,
            fee_limit=cost.fee_limit,
        )

    def _reference(self, head: Head) -> Block:
        """A final block, which does not turn. It is good for the 65,536 after it, two days."""
        found = self._chain.block(head.final_height)
        if found is None:
            raise NodeUnavailable("tron's node lacks a block below its head")
        return found

    def _document(self, order: PayoutOrder, transfer: Transfer) -> dict[str, Any]:
        """`pays` and what stands before is for people: what is signed is what wallets take."""
        expires_at = _EPOCH + transfer.expiration * _MILLISECOND
        recipient = self._settings.encoding.text(order.recipient)
        return {
            "network": self.network,
            "pays": {"asset": order.amount.asset.code, "amount": order.amount.text(), "to": recipient},
            "from": self.address,
            "feeLimit": str(transfer.fee_limit),
            "expiresAt": expires_at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            **transfer.for_wallets(),
        }

    def _require_asset(self, order: PayoutOrder) -> None:
        if order.amount.asset != self._settings.usdt:
            raise ValueError(f"{order.amount.asset.code} is not paid on tron")

    # ------------------------------------------------------------ taking another's place

    def _require_lapsed(self, replaces: Unsigned, head: Head) -> None:
        """A block takes a transaction that expires after the block before it; final ones do not turn, and hold it
        or do not.
        """
        if replaces.expires_at is None or replaces.tx_id is None:
            raise ValueError("a transaction here has an id and an end")
        if self._reference(head).time < replaces.expires_at + LAGGING:
            raise NotYetReplaceable(f"it may be mined until {replaces.expires_at:%Y-%m-%dT%H:%M:%SZ} is final")
        if broadcasting.is_known(self._node, replaces.tx_id):
            raise NotYetReplaceable("the node knows it: it waits, or is in a block")
