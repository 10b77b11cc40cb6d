"""What is broadcast: checked as by java-tron's Wallet.broadcastTransaction, and kept until a block takes it."""

from infra.sandbox.ledger import Db
from infra.sandbox.tron.chain import Chain
from infra.sandbox.tron.errors import Refused
from infra.sandbox.tron.execution import execute
from infra.sandbox.tron.protobuf import Malformed
from infra.sandbox.tron.state import Draft, Written
from infra.sandbox.tron.transactions import Transaction
from infra.sandbox.tron.validity import check_place, check_signature


class Mempool:
    """Holds the books as they will be once all that waits is in a block."""

    def __init__(self, chain: Chain) -> None:
        self._chain = chain
        self._seen: tuple[str, int] = ("", 0)
        self._books: Draft | None = None

    def accept(self, db: Db, transaction: Transaction) -> None:
        """Raises Refused."""
        head = self._chain.head(db)
        if not transaction.raw.get("contract"):
            raise Refused("CONTRACT_VALIDATE_ERROR", "No contract!")
        if transaction.raw.get("expiration", 0) < head.timestamp + self._chain.slot_ms:
            raise Refused("TRANSACTION_EXPIRATION_ERROR")
        try:
            check_signature(transaction)
            check_place(db, transaction, head.number, head.timestamp)
            if db.execute("SELECT 1 FROM pending WHERE id = ?", (transaction.id,)).fetchone():
                raise Refused("DUP_TRANSACTION_ERROR")
            self._execute(db, transaction)
        except Malformed as error:
            raise Refused("CONTRACT_VALIDATE_ERROR", str(error)) from None

    def forget(self) -> None:
        """What waits, or the books, were changed by another hand."""
        self._books = None

    def _execute(self, db: Db, transaction: Transaction) -> None:
        head, books = self._chain.head(db), self._waiting_books(db)
        draft = Draft(books)
        done = execute(self._chain.contracts, transaction, draft, head.timestamp)
        draft.keep()
        body = transaction.with_result(done.result).encoded()
        row = db.execute("INSERT INTO pending (id, body) VALUES (?, ?)", (transaction.id, body))
        self._seen = (head.id, row.lastrowid or 0)

    def _waiting_books(self, db: Db) -> Draft:
        head = self._chain.head(db)
        last = db.execute("SELECT max(seq) AS seq FROM pending").fetchone()["seq"] or 0
        if self._books is None or not last or self._seen != (head.id, last):
            self._books = Draft(Written(db, head.number + 1))
            for row in self._chain.waiting(db):
                draft = Draft(self._books)
                try:
                    execute(self._chain.contracts, Transaction.parse(row["body"]), draft, head.timestamp)
                except Refused:
                    continue
                draft.keep()
        return self._books
