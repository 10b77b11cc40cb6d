"""The rich account: makes, signs and broadcasts transactions as any wallet does."""

import itertools
import time
from dataclasses import dataclass

from infra.sandbox import wishes
from infra.sandbox.ledger import Db
from infra.sandbox.tron import abi, keys
from infra.sandbox.tron.context import Node
from infra.sandbox.tron.errors import Refused
from infra.sandbox.tron.messages import TRANSFER, TRIGGER
from infra.sandbox.tron.protobuf import Message
from infra.sandbox.tron.state import DAY_MS
from infra.sandbox.tron.transactions import Transaction
from infra.sandbox.wishes import BadWish

LIFETIME_MS = 3_600_000
FEE_LIMIT = 15_000_000_000
DECIMALS = 6
_ticks = itertools.count()


@dataclass(frozen=True)
class Payer:
    node: Node
    db: Db
    lifetime_ms: int = LIFETIME_MS

    def pay(self, token: str, address: str, units: int, fee_limit: int = FEE_LIMIT) -> Transaction:
        """`token` is usdt or lookalike."""
        return self.trigger(token, "transfer(address,uint256)", address, units, fee_limit=fee_limit)

    def pay_many(self, token: str, payments: list[tuple[str, int]]) -> Transaction:
        addresses, amounts = [each[0] for each in payments], [each[1] for each in payments]
        signature = "disperseTokenSimple(address,address[],uint256[])"
        return self.trigger("batch", signature, self._contract(token), addresses, amounts)

    def move_nothing(self, token: str, owner: str, address: str) -> Transaction:
        return self.trigger(token, "transferFrom(address,address,uint256)", owner, address, 0)

    def pay_trx(self, address: str, sun: int) -> Transaction:
        said: Message = {"to_address": bytes.fromhex(address), "amount": sun}
        return self._send(TRANSFER, said, 0)

    def trigger(self, contract: str, signature: str, *values: object, fee_limit: int = FEE_LIMIT) -> Transaction:
        data = abi.encode(signature, *values)
        said: Message = {"contract_address": bytes.fromhex(self._contract(contract)), "data": data}
        return self._send(TRIGGER, said, fee_limit)

    def _contract(self, name: str) -> str:
        try:
            return self.node.chain.network.contracts[name]
        except KeyError:
            raise BadWish(f"no such contract: {name!r}") from None

    def _send(self, kind: int, said: Message, fee_limit: int) -> Transaction:
        chain = self.node.chain
        solid, head = chain.solid(self.db), chain.head(self.db)
        now = time.time_ns() // 1_000_000
        made = Transaction.unsigned(
            kind,
            {"owner_address": bytes.fromhex(chain.network.payer_address), **said},
            ref_block_bytes=bytes.fromhex(solid.id[12:16]),
            ref_block_hash=bytes.fromhex(solid.id[16:32]),
            expiration=min(max(now, head.timestamp) + self.lifetime_ms, head.timestamp + DAY_MS),
            timestamp=now * 1000 + next(_ticks) % 1000,  # nobody checks it, and it tells like payments apart
            fee_limit=fee_limit,
        )
        signed = made.signed(keys.sign(chain.network.payer, made.digest))
        try:
            self.node.mempool.accept(self.db, signed)
        except Refused as refused:
            raise BadWish(f"{refused.code}: {refused.message}") from None
        return signed


def units(amount: object) -> int:
    """Of a decimal amount with at most six places."""
    return wishes.units(amount, DECIMALS)
