"""What people do with statements: announce a large one, approve one, look, and give money to its payment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from paygate.domain.errors import (
    AlreadyAssigned,
    InvalidField,
    MethodNotAvailable,
    NotApprovable,
    NotFound,
    SecondPersonNeeded,
)
from paygate.ports import StatementState

if TYPE_CHECKING:
    from paygate.ports import (
        Ids,
        Ledger,
        Page,
        StatementStore,
        TransferDocuments,
        UploadForm,
        Uploads,
    )
    from paygate.services.book_transfers import BookTransfers
    from paygate.services.import_statement import Imported, ImportStatement

_APPROVED = (StatementState.APPROVED, StatementState.IMPORTED)
RAIL = "bank_transfer"


class StatementService:
    """The one door that functions use for statements, transfers and cases."""

    def __init__(
        self,
        store: StatementStore,
        ledger: Ledger,
        documents: TransferDocuments,
        imports: ImportStatement,
        book: BookTransfers,
        uploads: Uploads | None,
        ids: Ids,
        *,
        is_configured: bool,
    ) -> None:
        self._store = store
        self._ledger = ledger
        self._documents = documents
        self._imports = imports
        self._book = book
        self._uploads = uploads
        self._ids = ids
        self._is_configured = is_configured

    def import_file(self, body: bytes, by: str, account: str | None) -> Imported:
        """Raises StatementRefused, MethodNotAvailable, Conflict."""
        self._require_accounts()
        return self._imports.body(body, by, account)

    def announce(self, by: str, account: str | None) -> tuple[str, UploadForm]:
        """A statement that is to be uploaded, by whoever holds the form, in the name of the key `by`."""
        self._require_accounts()
        if self._uploads is None:
            raise MethodNotAvailable("there is no place for uploads here")
        statement_id = self._ids.new("BST")
        self._store.add(statement_id, StatementState.AWAITING_UPLOAD, by, account)
        return statement_id, self._uploads.form(statement_id)

    def from_queue(self, statement_id: str) -> None:
        """Do what is next for a statement: import its upload, or take in what was approved. Harmless to repeat."""
        self._imports.upload(statement_id)
        self._imports.approved(statement_id, has_time=True)

    def approve(self, statement_id: str, by: str) -> str:
        """Let a statement's money in. Approving again changes nothing.

        Raises NotFound, SecondPersonNeeded (the importer's own key), NotApprovable.
        """
        if not self._store.approve(statement_id, by):
            kept = self._store.find(statement_id)
            if kept is None:
                raise NotFound("no such statement")
            if kept.state is StatementState.WAITING_APPROVAL:
                raise SecondPersonNeeded("another key than the importer's must approve it")
            if kept.state not in _APPROVED:
                raise NotApprovable(f"a statement that is {kept.state} cannot be approved")
        self._imports.approved(statement_id)
        return self.statement(statement_id)

    def statement(self, statement_id: str) -> str:
        document = self._store.document(statement_id)
        if document is None:
            raise NotFound("no such statement")
        return document

    def statements(self, limit: int, cursor: str | None) -> Page:
        return self._store.documents(limit, cursor)

    # ------------------------------------------------------------ transfers and cases

    def transfers(self, limit: int, cursor: str | None, *, is_matched: bool | None) -> Page:
        return self._documents.transfers(limit, cursor, is_matched=is_matched)

    def assign(self, transfer_id: str, payment_id: str, by: str) -> str:
        """Give money that matched nothing to a payment, once, and book it. Repeating it changes nothing.

        Raises NotFound, InvalidField (the payment cannot take it), AlreadyAssigned (another has it).
        """
        with self._ledger.transaction() as tx:
            payment, attempt = tx.payment(payment_id), tx.attempt(payment_id)
            if payment is None or attempt is None:
                raise InvalidField("paymentId", "there is no such payment")
            is_assigned = tx.assign_transfer(transfer_id, payment, attempt.rail, by)
            owner = tx.transfer_owner(transfer_id)
        if owner is None:
            raise NotFound("no such transfer")
        if not is_assigned and owner == "":
            raise InvalidField("paymentId", "is a payment of another rail or currency than the transfer")
        if owner != payment_id:
            raise AlreadyAssigned("the transfer belongs to another payment")
        self._book(payment_id)
        document = self._documents.transfer(transfer_id)
        if document is None:
            raise NotFound("no such transfer")
        return document

    def cases(self, limit: int, cursor: str | None) -> Page:
        return self._documents.cases(limit, cursor)

    def close_case(self, case_id: str, by: str) -> str:
        """Somebody has dealt with it. Closing again changes nothing. Raises NotFound."""
        document = self._documents.close_case(case_id, by)
        if document is None:
            raise NotFound("no such case")
        return document

    def _require_accounts(self) -> None:
        if not self._is_configured:
            raise MethodNotAvailable("there is no bank account here")
