"""What survives a kill: blocks, mempool and wallet, in the rail's one SQLite file."""

from collections.abc import Iterable

from infra.sandbox.bitcoin import blocks, transactions
from infra.sandbox.bitcoin.blocks import Block
from infra.sandbox.bitcoin.chain import Chain, Entry
from infra.sandbox.bitcoin.codec import Reader
from infra.sandbox.bitcoin.pool import Pool
from infra.sandbox.ledger import Ledger

TIP = "tip"


class Store:
    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger

    def load(self) -> tuple[Chain, Pool]:
        chain = Chain()
        with self.ledger.transaction() as db:
            for row in db.execute("SELECT raw, is_invalid FROM blocks ORDER BY rowid"):
                chain.add(blocks.read(row["raw"]), is_invalid=bool(row["is_invalid"]))
            waiting = db.execute("SELECT * FROM pool ORDER BY rowid").fetchall()
            tip = db.execute("SELECT value FROM settings WHERE name = ?", (TIP,)).fetchone()
        chain.activate(chain.entries[tip["value"]] if tip else chain.tip)
        pool = Pool(chain)
        for row in waiting:
            transaction = transactions.read(Reader(row["raw"]))
            coins = [pool.coin(entry.outpoint) for entry in transaction.inputs]
            paid_in = sum(coin.output.value for coin in coins if coin)
            fee = paid_in - sum(output.value for output in transaction.outputs)
            pool.restore(transaction, fee, row["time"], row["height"])
        return chain, pool

    def save(self, chain: Chain, pool: Pool, fresh: Iterable[Block] = (), marked: Iterable[Entry] = ()) -> None:
        """All at once: new blocks, changed marks, the tip, and the mempool as it is."""
        with self.ledger.transaction() as db:
            db.executemany(
                "INSERT INTO blocks (hash, raw) VALUES (?, ?)", [(b.hash, b.serialized()) for b in fresh]
            )
            marks = [(entry.is_invalid, entry.hash) for entry in marked]
            db.executemany("UPDATE blocks SET is_invalid = ? WHERE hash = ?", marks)
            db.execute("REPLACE INTO settings VALUES (?, ?)", (TIP, chain.tip.hash))
            db.execute("DELETE FROM pool")
            rows = [
                (each.transaction.txid, each.transaction.serialized(), each.time, each.height)
                for each in pool.waiting.values()
            ]
            db.executemany("INSERT INTO pool VALUES (?, ?, ?, ?)", rows)
