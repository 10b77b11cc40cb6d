"""The chain: blocks, what is in them, what waits for one.

Blocks come by the clock, one every 3 s of scaled time, but are made only when somebody asks: what nobody saw pass
are slots that their witnesses missed, as happens on TRON, so that a node that nobody asks costs nothing.
A block's id is its number in 8 bytes and the last 24 of its header's SHA-256.
"""

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass

from infra.sandbox.ledger import Db, Row
from infra.sandbox.tron import keys, settings, state
from infra.sandbox.tron.contracts import deployed
from infra.sandbox.tron.errors import Refused
from infra.sandbox.tron.execution import Executed, execute
from infra.sandbox.tron.keys import sha256
from infra.sandbox.tron.messages import HEADER
from infra.sandbox.tron.network import Network
from infra.sandbox.tron.protobuf import decode, encode
from infra.sandbox.tron.state import Draft, Written
from infra.sandbox.tron.transactions import Transaction
from infra.sandbox.tron.validity import check_place

VERSION = 31
SPARE = 4
"""So many blocks more than finality takes are made after a pause."""


@dataclass(frozen=True)
class Block:
    number: int
    id: str
    timestamp: int
    header: bytes

    @classmethod
    def of(cls, row: Row) -> "Block":
        return cls(row["number"], row["id"], row["timestamp"], row["header"])


@dataclass
class Chain:
    network: Network
    slot_ms: int

    def __post_init__(self) -> None:
        self.contracts = deployed(self.network.contracts, self.network.payer_address)
        self._witnesses = {keys.address_of_secret(secret): secret for secret in self.network.witnesses}

    # ------------------------------------------------------------ looking

    def head(self, db: Db) -> Block:
        return Block.of(db.execute("SELECT * FROM blocks ORDER BY number DESC LIMIT 1").fetchone())

    def block(self, db: Db, number: int) -> Block | None:
        row = db.execute("SELECT * FROM blocks WHERE number = ?", (number,)).fetchone()
        return Block.of(row) if row else None

    def solid(self, db: Db) -> Block:
        number = max(0, self.head(db).number - settings.number(db, "solid_lag"))
        return Block.of(db.execute("SELECT * FROM blocks WHERE number = ?", (number,)).fetchone())

    def transactions(self, db: Db, number: int) -> list[Row]:
        return db.execute("SELECT * FROM transactions WHERE number = ? ORDER BY position", (number,)).fetchall()

    def waiting(self, db: Db) -> list[Row]:
        return db.execute("SELECT * FROM pending ORDER BY seq").fetchall()

    # ------------------------------------------------------------ growing

    def advance(self, db: Db) -> None:
        """Make the blocks whose time has come."""
        if not settings.number(db, "auto"):
            return
        head, now = self.head(db), _now_ms()
        due = (now - head.timestamp) // self.slot_ms
        if due <= 0:
            return
        self.append(db, head.timestamp + self.slot_ms)
        last = head.timestamp + due * self.slot_ms
        most = settings.number(db, "solid_lag") + SPARE
        for behind in reversed(range(min(due - 1, most))):
            self.append(db, last - behind * self.slot_ms)

    def mine(self, db: Db, count: int, *, empty: bool = False, timestamp: int | None = None) -> list[Block]:
        """Now, whatever the clock says; what waits goes into the first, unless all are to be `empty`."""
        mined: list[Block] = []
        for _ in range(count):
            at = max(timestamp or _now_ms(), self.head(db).timestamp + 1)
            mined.append(self.append(db, at, empty=empty))
        return mined

    def append(self, db: Db, timestamp: int, *, empty: bool = False) -> Block:
        head = self.head(db)
        number = head.number + 1
        done = [] if empty else self._take(db, head, number, timestamp)
        block = self._seal(db, number, head.id, timestamp, [each[0] for each in done])
        for position, (transaction, executed) in enumerate(done):
            self._book(db, block, position, transaction, executed)
        return block

    def _take(self, db: Db, head: Block, number: int, timestamp: int) -> list[tuple[Transaction, Executed]]:
        """What waits, in order; what has become impossible meanwhile is forgotten, as at every node."""
        done = []
        for row in self.waiting(db):
            transaction = Transaction.parse(row["body"])
            draft = Draft(Written(db, number))
            try:
                check_place(db, transaction, head.number, timestamp)
                executed = execute(self.contracts, transaction, draft, timestamp)
            except Refused:
                continue
            draft.keep()
            done.append((transaction.with_result(executed.result), executed))
        db.execute("DELETE FROM pending")
        return done

    def _seal(self, db: Db, number: int, parent: str, at: int, inside: Sequence[Transaction]) -> Block:
        turn = number + settings.number(db, "fork")
        header = {
            "timestamp": at,
            "txTrieRoot": merkle_root([sha256(each.encoded()) for each in inside]),
            "parentHash": bytes.fromhex(parent),
            "number": number,
            "witness_address": bytes.fromhex(list(self._witnesses)[turn % len(self._witnesses)]),
            "version": VERSION,
        }
        raw = encode(HEADER, header)
        block = Block(number, number.to_bytes(8, "big").hex() + sha256(raw)[8:].hex(), at, raw)
        columns = "(number, id, header, timestamp)"
        db.execute(f"INSERT INTO blocks {columns} VALUES (?, ?, ?, ?)", (number, block.id, raw, at))  # noqa: S608
        return block

    def signature(self, block: Block) -> bytes:
        """Its witness's, over the header."""
        witness = decode(HEADER, block.header)["witness_address"].hex()
        return keys.sign(self._witnesses[witness], sha256(block.header))

    def _book(self, db: Db, block: Block, position: int, transaction: Transaction, done: Executed) -> None:
        info = {"id": transaction.id, "blockNumber": block.number, "blockTimeStamp": block.timestamp, **done.info}
        row = (transaction.id, block.number, position, transaction.encoded(), json.dumps(info))
        db.execute(
            "INSERT INTO transactions (id, number, position, body, info) VALUES (?, ?, ?, ?, ?)",
            row,
        )
        for log in done.logs:
            if len(log.topics) == 3 and log.topics[0].startswith("ddf252ad"):  # noqa: PLR2004
                moved = ("41" + log.topics[1][24:], "41" + log.topics[2][24:], str(int(log.data, 16)))
                db.execute(
                    "INSERT INTO transfers (number, tx_id, contract, sender, receiver, value)"
                    " VALUES (?, ?, ?, ?, ?, ?)",
                    (block.number, transaction.id, "41" + log.address, *moved),
                )

    # ------------------------------------------------------------ turning

    def drop(self, db: Db, depth: int) -> list[Row]:
        """Take the last `depth` blocks away; answers the transactions that were in them."""
        last = self.head(db).number - depth
        sql = "SELECT * FROM transactions WHERE number > ? ORDER BY number, position"
        gone = db.execute(sql, (last,)).fetchall()
        state.undo(db, last)
        for table in ("transfers", "transactions", "blocks"):
            db.execute(f"DELETE FROM {table} WHERE number > ?", (last,))  # noqa: S608  three names above
        settings.put(db, "fork", settings.number(db, "fork") + 1)
        return gone

    def wait_again(self, db: Db, bodies: Sequence[bytes]) -> None:
        """In front of what waits already."""
        waiting = [row["body"] for row in self.waiting(db)]
        db.execute("DELETE FROM pending")
        for body in [*bodies, *waiting]:
            transaction = Transaction.parse(body).with_result(None)
            db.execute(
                "INSERT OR IGNORE INTO pending (id, body) VALUES (?, ?)", (transaction.id, transaction.encoded())
            )

    # ------------------------------------------------------------ beginning

    def begin(self, db: Db) -> None:
        """The genesis, and enough blocks for one to be solid; nothing when it is there."""
        if db.execute("SELECT 1 FROM blocks LIMIT 1").fetchone():
            return
        settings.begin(db)
        self._seal(db, 0, "00" * 32, 0, [])
        self._endow(Written(db, 0))
        count = settings.number(db, "solid_lag") + 1
        first = _now_ms() - count * self.slot_ms
        first -= first % self.slot_ms
        for turn in range(count):
            self.append(db, first + turn * self.slot_ms)

    def _endow(self, at_genesis: Written) -> None:
        payer, usdt = self.network.payer_address, self.network.usdt
        for address in (payer, *self.network.contracts.values()):
            at_genesis.set(f"account:{address}", "0")
        at_genesis.set(f"trx:{payer}", str(10**15))
        at_genesis.set(f"net_limit:{payer}", str(10**12))
        at_genesis.set(f"token:{usdt}:{payer}", str(10**16))
        at_genesis.set(f"supply:{usdt}", str(10**16))
        at_genesis.set(f"allowance:{usdt}:{payer}:{self.network.contracts['batch']}", str((1 << 256) - 1))


def merkle_root(leaves: Sequence[bytes]) -> bytes:
    """Pairs are hashed together; who has no partner moves up as he is (java-tron's MerkleTree)."""
    level = list(leaves)
    while len(level) > 1:
        pairs = [level[at : at + 2] for at in range(0, len(level), 2)]
        level = [sha256(b"".join(pair)) if len(pair) > 1 else pair[0] for pair in pairs]
    return level[0] if level else bytes(32)


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
