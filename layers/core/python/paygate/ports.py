"""What the services need from outside, and the frozen values that cross the border.

Arguments are positional-only so that an adapter names its own; a rail is added by implementing `PaymentRail`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, BinaryIO, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager
    from datetime import datetime

    from paygate.domain.bank_statement import BankTransaction, Keys, StatementHeader
    from paygate.domain.money import Asset, Money
    from paygate.domain.payment import Change, Payment
    from paygate.domain.quote import Rate
    from paygate.domain.refund import Refund

# ---------------------------------------------------------------- rails


class TradeStatus(StrEnum):
    """What a rail says of an order, in one vocabulary for all rails."""

    ABSENT = "ABSENT"  # the rail knows no such order (at Alipay: not scanned yet)
    WAITING = "WAITING"  # it exists and nobody has paid
    PROCESSING = "PROCESSING"  # money is on its way, or the rail cannot say yet
    PAID = "PAID"
    FAILED = "FAILED"  # it will never be paid
    CLOSED = "CLOSED"  # closed without money, or after a full refund


class Ability(StrEnum):
    """What a rail may or may not be able to do. An adapter declares what its rail cannot, and nothing else does:
    the services, the contract suite and `docs/rails.md` read it there.
    """

    ASK = "the rail can be asked what became of an order"
    CLOSE = "an unpaid order can be closed before it expires"
    EXPIRE = "an order that nobody pays is over at the expiry that it was given, without a word of ours"
    SHOW_UNPAID = "an order that was opened and not paid is known to a query"
    REFUSE_CHANGED_ORDER = "another order under a used reference is refused"
    SEVERAL_CURRENCIES = "orders may be in more than one currency"
    CALL_BACK = "the rail calls back"
    REPEAT_CALLBACKS = "callbacks are sent again until they are accepted"
    REPORT_REFUNDS = "callbacks tell of refunds"
    REPORT_CONSOLE_REFUNDS = "a refund made in the rail's own console is told, by a callback or a query"
    REPORT_REFUNDED_SUM = "a query tells how much was refunded, by whomever"
    REFUND = "the rail gives money back when it is asked to"
    REFUND_AT_ONCE = "a refund that the rail takes is usually done at once"
    CAPTURE_LATER = "money can be authorised first and captured later"
    ADDRESS = "every payment has an address of its own"
    REVERSE = "settled money can be withdrawn again (disputes, returned transfers)"


@dataclass(frozen=True, slots=True)
class RailUrls:
    """Where a rail reaches us: its callbacks, and the payer's browser at `<returned>/<payment id>`."""

    callback: str
    returned: str


@dataclass(frozen=True, slots=True)
class Order:
    """What a rail is asked to collect. The same `reference` always carries the same order.

    `expires_at` is the rail's own absolute expiry; `opened_at` is when the attempt was written; `rail_id` is
    the rail's own number of it, where it is known already; `payer_id` is the rail's own name for who pays, where a
    channel needs to know it before, and `payer_ip` likewise.
    """

    reference: str
    channel: str
    amount: Money
    subject: str
    opened_at: datetime
    expires_at: datetime
    return_url: str | None = None
    payment_id: str = ""
    rail_id: str | None = None
    payer_id: str | None = None
    payer_ip: str | None = None


@dataclass(frozen=True, slots=True)
class Action:
    """What the payer gets: a type of `api.md`'s list and its fields, JSON values only.

    `rail_id` is the rail's own number of the order, where opening it tells.
    """

    type: str
    fields: Mapping[str, Any]
    rail_id: str | None = None


class RefundStatus(StrEnum):
    PENDING = "PENDING"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    STUCK = "STUCK"  # not done, and it stays so until an operator acts
    ABSENT = "ABSENT"  # the rail knows no such refund: the same request may be sent again


@dataclass(frozen=True, slots=True)
class ToldRefund:
    """One refund that a rail tells of, ours or made in its console. FAILED after SUCCEEDED: the money came back."""

    reference: str
    status: RefundStatus = RefundStatus.SUCCEEDED
    amount: Money | None = None
    rail_id: str | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Observation:
    """What a rail says about one order, verified.

    `amount` is the order's total at the rail. `refunded` is the cumulative sum given back, `withdrawn` what
    disputes hold now (None: not told); `refund` is the one refund that a callback tells of. `is_hint`: the message
    is genuine, yet only what the rail answers now is to be believed, so it is asked. `mismatch` names a fact that
    is not ours (another app, another seller): the message is genuine and must change nothing.
    """

    reference: str
    status: TradeStatus
    rail_id: str | None = None
    amount: Money | None = None
    at: datetime | None = None
    refunded: Money | None = None
    refund: ToldRefund | None = None
    withdrawn: Money | None = None
    reason: str | None = None
    mismatch: str | None = None
    is_hint: bool = False


@dataclass(frozen=True, slots=True)
class RefundOrder:
    """A refund as a rail is asked for it; `reference` and `asked_at` are the same on every retry.

    `rail_id` is the rail's own number of the refund, where it is known already.
    """

    order: Order
    reference: str
    amount: Money
    asked_at: datetime
    reason: str | None = None
    rail_id: str | None = None


@dataclass(frozen=True, slots=True)
class RefundAnswer:
    status: RefundStatus
    rail_id: str | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class CallbackRequest:
    """A callback exactly as it arrived: the body's bytes, header names in lower case, the query as sent.

    `received_at` is when a stored one came (None: now): its signature is as fresh as it was then.
    """

    body: bytes
    headers: Mapping[str, str]
    query: Mapping[str, str] = field(default_factory=dict)
    received_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class CallbackReply:
    """An answer in the rail's own words."""

    status: int
    content_type: str
    body: str


class PaymentRail(Protocol):
    """An outside payment system.

    Every call raises OutcomeUnknown when the rail may have done the work (a timeout, a 5xx, an answer that
    does not verify), and RailDeclined when it certainly did not and never will.
    """

    name: str
    """Lower case; also the last part of its callback's path."""

    query_schedule: Sequence[int]
    """Seconds after an attempt was opened at which `resolve` asks about it; the last interval repeats."""

    silent_channels: frozenset[str]
    """Channels whose `open` only signs and never calls the rail."""

    inabilities: frozenset[Ability]
    """What this rail cannot do."""

    def open(self, order: Order, /) -> Action:
        """Ask the rail to collect. Safe to repeat with the same order."""

    def query(self, order: Order, /) -> Observation:
        """Ask what became of the order."""

    def close(self, order: Order, /) -> Observation:
        """Close an unpaid order; answers what the rail says now: CLOSED, ABSENT, or PAID when too late.

        A rail that cannot close says WAITING while the order may still be paid, and CLOSED once it is final.
        """

    def refund(self, refund: RefundOrder, /) -> RefundAnswer:
        """Give money back. Safe to repeat with the same reference."""

    def query_refund(self, refund: RefundOrder, /) -> RefundAnswer:
        """Ask what became of a refund."""

    def read_callback(self, request: CallbackRequest, /) -> Observation | None:
        """Verify over the raw bytes and read; None when it is genuine and tells of no order of ours.

        Raises CallbackRefused, and changes nothing; OutcomeUnknown when what verifies it is out of reach.
        """

    def callback_accepted(self) -> CallbackReply:
        """The answer that stops the rail's retries."""

    def callback_refused(self) -> CallbackReply:
        """The answer that makes the rail try again later."""


class CapturingRail(PaymentRail, Protocol):
    """What a rail is that can CAPTURE_LATER."""

    def capture(self, order: Order, /) -> Observation:
        """Take all that was authorised; answers what the rail says now. Safe to repeat."""


@dataclass(frozen=True, slots=True)
class ReceivingAddress:
    """An address that one payment has for good. `account` names the public key that it derives from, by `path`
    (`m/44'/60'/0'/0/7`); its transfers are final after `confirmations` blocks, its own among them, or, when
    `waits_for_finality`, once the chain itself calls them final (which takes about `confirmations` blocks).
    """

    family: str
    key: str
    text: str
    account: str
    path: str
    index: int
    confirmations: int
    waits_for_finality: bool


class AddressingRail(PaymentRail, Protocol):
    """What a rail is that has an address for each payment: a network that money is sent over."""

    account: str
    """Names the counter that indexes are taken from."""

    def receive(self, index: int, due: Money, /) -> ReceivingAddress:
        """The address at that index, and how sure a transfer of so much must be."""

    def tolerance(self, due: Money, /) -> int:
        """How many units too little are enough all the same."""

    def confirmations(self, amount: Money, /) -> int | None:
        """How many blocks make a transfer of so much final; None: as many as the chain itself says."""

    def payee(self, address: str | None, /) -> str:
        """Where a refund goes to, as people write it. Raises InvalidField, and TreasuryMissing where there is
        nothing to pay it from.
        """

    def recipient(self, address: str, /) -> str:
        """The key of an address, as `paygate.chain_ports` has it. Raises InvalidField."""


# ---------------------------------------------------------------- strategies


class Strategy(Protocol):
    """How one payment method uses a rail."""

    method: str
    rail: str
    channels: Sequence[str]
    """Channels a caller may ask for; the first is the default."""

    currencies: Sequence[str]

    @property
    def asset(self) -> Asset | None:
        """What it is always paid in: a price in other money is quoted. None: it is paid in the price's."""

    def due(self, price: Money, /) -> Money:
        """What the rail must bring for `price`, which is in `asset` where there is one."""

    def reference(self, payment: Payment, /) -> str:
        """What the order is called at the rail; a pure function of the payment, and unique at its rail."""

    def order(self, payment: Payment, attempt: Attempt, /) -> Order:
        """The order for the rail; a pure function of what is stored, so that a repeat is identical.

        Raises InvalidField where the payment lacks what its channel needs: it is asked before anything is stored.
        """


# ---------------------------------------------------------------- rates


class RateSource(Protocol):
    """An outside source of rates, independent of the others."""

    name: str

    def rate(self, asset: str, currency: str, /) -> Rate:
        """What one whole `asset` costs in `currency`; raises QuoteUnavailable when it does not say. Thread-safe."""


# ---------------------------------------------------------------- the truth


class AttemptStatus(StrEnum):
    STARTED = "STARTED"  # committed, the rail's answer not seen yet
    OPEN = "OPEN"  # the rail accepted
    UNKNOWN = "UNKNOWN"  # the rail may have accepted
    DONE = "DONE"  # nothing more will come of it


@dataclass(frozen=True, slots=True)
class Attempt:
    """One order at a rail for one payment. `reference` is derived from the payment, so a retry repeats it.

    `next_query_at` is when `resolve` asks next (None: no need). `action_sealed` is encrypted.
    """

    payment_id: str
    number: int
    rail: str
    reference: str
    status: AttemptStatus
    rail_expires_at: datetime
    created_at: datetime
    next_query_at: datetime | None
    queries: int = 0
    rail_id: str | None = None
    action_sealed: bytes | None = None


@dataclass(frozen=True, slots=True)
class Claim:
    """A caller's idempotency key and the hash of the request it stands for (method, concrete path, body)."""

    key: str
    request_hash: bytes


@dataclass(frozen=True, slots=True)
class Answer:
    """A stored answer: HTTP status and the exact body, kept encrypted at rest."""

    status: int
    body: bytes


@dataclass(frozen=True, slots=True)
class KeyRecord:
    """What PostgreSQL knows of an idempotency key. `fence` grows with every takeover."""

    request_hash: bytes
    fence: int
    is_leased: bool
    resource_id: str
    answer: Answer | None


@dataclass(frozen=True, slots=True)
class StoredCallback:
    id: str
    rail: str
    request: CallbackRequest


@dataclass(frozen=True, slots=True)
class Case:
    """Something an operator must look at; the same `dedupe` opens it once."""

    kind: str
    dedupe: str
    rail: str
    detail: Mapping[str, Any]
    payment_id: str | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """One page of payments (JSON documents) and the cursor of the next, if any."""

    documents: Sequence[str]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class ListFilter:
    """What a list is narrowed to; None means all. Times bound `createdAt`: since ≤ t < until."""

    state: str | None = None
    method: str | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Payout:
    """A refund of ours as a statement tells it: paid out, or (`is_returned`) come back."""

    refund_id: str
    units: int
    is_returned: bool


@dataclass(frozen=True, slots=True)
class Taken:
    """A payment's transfers in sums, and what of them had not been booked: who brought it, and payouts.

    `received` is all that was final once, and `returned` what of it was taken away again; `pending` is not final.
    `tx_ids` are the chain transactions that brought what is final.
    """

    received: int
    returned: int
    pending: int
    origins: Sequence[Mapping[str, Any]]
    payouts: Sequence[Payout]
    tx_ids: Sequence[str] = ()


class Transaction(Protocol):
    """Statements of one explicit transaction; it commits when its block ends without an error."""

    # payments
    def payment(self, payment_id: str, /) -> Payment | None: ...

    def save(self, change: Change, ended: Attempt | None = None, /) -> None:
        """Compare-and-set on version, with timeline and event; raises Conflict when another was first.

        `ended` is an attempt of which nothing more will come: it is DONE with the change.
        """

    def claim_order(self, order_id: str, payment_id: str, /) -> bool:
        """Whether this payment is the one that settled the order first (False: a DUPLICATE)."""

    # attempts
    def attempt(self, payment_id: str, /) -> Attempt | None:
        """The newest attempt of a payment."""

    def trade(self, rail: str, reference: str, rail_id: str | None, /) -> Sequence[tuple[Attempt, Payment]]:
        """The attempt with our reference and the one with the rail's own number: the same one, if all is well."""

    def save_attempt(self, attempt: Attempt, /) -> None: ...

    # idempotency
    def key(self, key: str, /) -> KeyRecord | None: ...

    def take_over_key(self, key: str, fence: int, /) -> bool:
        """Take a record whose lease ran out; False when another took it first."""

    def store_answer(self, key: str, fence: int, answer: Answer, /) -> bool:
        """False when the record was taken over: the answer is then another's to give."""

    def release_key(self, key: str, fence: int, /) -> None:
        """End the lease, so that a retry may resume at once."""

    # refunds
    def is_receiving(self, payment_id: str, key: str, /) -> bool:
        """Whether that is where a payment is paid to: this one, or another whose addresses are of the same kind."""

    def reserve_refund(self, refund: Refund, claim: Claim, next_query_at: datetime, /) -> tuple[bool, bool]:
        """Whether the key was free, and whether the money was there: both, or the caller rolls back."""

    def refund(self, refund_id: str, /) -> Refund | None: ...

    def refund_by_reference(self, payment_id: str, reference: str, /) -> Refund | None: ...

    def save_refund(self, before: Refund, after: Refund, next_query_at: datetime | None, /) -> None:
        """Compare-and-set on the state; raises Conflict."""

    def add_outside_refund(self, refund: Refund, /) -> bool: ...

    # callbacks and cases
    def callback(self, callback_id: str, /) -> StoredCallback | None: ...

    def callback_applied(self, callback_id: str, outcome: str, /) -> None: ...

    def open_case(self, case: Case, /) -> bool:
        """False when the same case was opened before."""

    def close_case(self, dedupe: str, /) -> None: ...

    # transfers
    def take_transfers(self, payment_id: str, /) -> Taken:
        """Sum a payment's transfers and take them off the queue, in one snapshot: what is taken is summed."""

    def transfer_owner(self, transfer_id: str, /) -> str | None:
        """The payment that a transfer belongs to, "" for one that nobody has, None for no transfer at all."""

    def assign_transfer(self, transfer_id: str, payment: Payment, rail: str, by: str, /) -> bool:
        """Give money that matched nothing to a payment, and queue it; False unless it is free and of that rail and
        asset.
        """


class Documents(Protocol):
    """Payments as the JSON documents that callers see, built where the rows are."""

    def by_ids(self, payment_ids: Sequence[str], /) -> dict[str, str]: ...

    def of_order(self, order_id: str, limit: int, cursor: str | None, /) -> Page: ...

    def search(self, wanted: ListFilter, limit: int, cursor: str | None, /) -> Page: ...

    def refund(self, refund_id: str, /) -> str | None: ...


@dataclass(frozen=True, slots=True)
class Due:
    """A piece of work by its id, and the rail that it concerns."""

    id: str
    rail: str


class Agenda(Protocol):
    """Work that is due, each piece leased to one worker at a time, oldest first, of no rail in `without`."""

    def attempts(self, limit: int, lease_seconds: int, without: Sequence[str], /) -> Sequence[Attempt]: ...

    def refunds(self, limit: int, lease_seconds: int, without: Sequence[str], /) -> Sequence[Due]: ...

    def callbacks(self, limit: int, lease_seconds: int, without: Sequence[str], /) -> Sequence[Due]: ...

    def transfers(self, limit: int, lease_seconds: int, without: Sequence[str], /) -> Sequence[Due]:
        """Payments with transfers that are not booked."""

    def expired(
        self, limit: int, lease_seconds: int, without: Sequence[str], margin_seconds: int, /
    ) -> Sequence[Due]: ...

    def refund_tried(self, refund_id: str, next_query_at: datetime, /) -> None: ...

    def unknown(self, older_than_seconds: int, /) -> int:
        """How many payments wait that long for their rail's first answer; counted up to a bound."""

    def sweep(self, /) -> bool:
        """Drop idempotency keys and seen signatures that are past keeping; answers whether more may be left."""


class Ledger(Protocol):
    """PostgreSQL, the only truth."""

    @property
    def documents(self) -> Documents: ...

    @property
    def agenda(self) -> Agenda: ...

    def transaction(self) -> AbstractContextManager[Transaction]: ...

    def take_address_index(self, account: str, /) -> int:
        """One that nobody was given before or will be."""

    def add_payment(
        self,
        payment: Payment,
        attempt: Attempt,
        claim: Claim,
        answer: Answer | None,
        address: ReceivingAddress | None = None,
        /,
    ) -> bool:
        """Insert everything at once, or nothing and False when the idempotency key is taken."""

    def keep_callback(self, callback: StoredCallback, /) -> tuple[str, bool]:
        """Commit the bytes; answers the id of the first such callback, and whether it was applied before."""


# ---------------------------------------------------------------- bank statements


class StatementState(StrEnum):
    """A statement file, from its announcement to its money."""

    AWAITING_UPLOAD = "AWAITING_UPLOAD"
    READING = "READING"
    WAITING_APPROVAL = "WAITING_APPROVAL"  # read, and nothing counts before a second person says so
    APPROVED = "APPROVED"  # by a person, or without one: its money is about to be taken in
    IMPORTED = "IMPORTED"
    REPEATED = "REPEATED"  # the same file was imported before: this one changed nothing
    REFUSED = "REFUSED"


class TransferRole(StrEnum):
    PAYMENT = "PAYMENT"
    RETURN = "RETURN"  # a payment's money is taken away again
    PAYOUT = "PAYOUT"  # a refund of ours
    PAYOUT_RETURN = "PAYOUT_RETURN"


@dataclass(frozen=True, slots=True)
class StatementLine:
    """A movement of one of our accounts that may concern a payment or a refund, not yet looked up.

    `number` counts through the file, `part` its statements. `references` are ours or look like it.
    """

    number: int
    part: int
    transfer_id: str
    role: TransferRole
    amount: Money
    references: Sequence[str]
    keys: Keys
    happened_at: datetime
    detail: Mapping[str, Any] = field(repr=False)


@dataclass(frozen=True, slots=True)
class ReadFile:
    """What a whole file said: its hash, its statements, and how many movements and receipts are in it."""

    sha256: bytes
    size_bytes: int
    said: Sequence[Mapping[str, Any]]
    transactions: int
    credits: int
    lines: int


@dataclass(frozen=True, slots=True)
class KeptStatement:
    id: str
    state: StatementState
    imported_by: str
    account: str | None
    lines: int
    repeats: str | None = None


class StatementStore(Protocol):
    """Statement files and what they say. Nothing of a file counts before `take_in`, and then all of it at once."""

    def add(self, statement_id: str, state: StatementState, by: str, account: str | None, /) -> None: ...

    def find(self, statement_id: str, /) -> KeptStatement | None: ...

    def counted(self, sha256: bytes, /) -> str | None:
        """The statement that this very file was imported as, or waits as."""

    def begin(self, statement_id: str, /) -> bool:
        """An upload is read now, by this caller and maybe another: only one of their runs will count."""

    def stage(self, statement_id: str, run: str, lines: Sequence[StatementLine], /) -> None: ...

    def drop(self, run: str, /) -> None:
        """Forget what a run staged."""

    def refuse(self, statement_id: str, reason: str, detail: str, /) -> None: ...

    def repeat(self, statement_id: str, first: str, sha256: bytes, /) -> None: ...

    def hold(self, statement_id: str, run: str, read: ReadFile, state: StatementState, /) -> bool:
        """Keep what was read as WAITING_APPROVAL, or as APPROVED, for somebody with time to take it in.

        False when another run was first. Raises Conflict for a file that counts already.
        """

    def approve(self, statement_id: str, by: str, /) -> bool:
        """False unless it waits for approval, and for somebody else's than `by`."""

    def take_in(self, statement_id: str, run: str | None, read: ReadFile | None, /) -> bool:
        """One commit: the statement counts, and all its money is matched and queued.

        A run that was just read (`run` and `read`), or an approved one. False when another was first; raises
        Conflict when the same file counts already, or when a race was lost.
        """

    def approved(self, limit: int, lease_seconds: int, without: Sequence[str], /) -> Sequence[Due]:
        """Approved statements whose money is not taken in."""

    def sweep(self, before: datetime, /) -> None:
        """Refuse what was begun before that and never ended, and drop lines that nobody will take in."""

    def document(self, statement_id: str, /) -> str | None: ...

    def documents(self, limit: int, cursor: str | None, /) -> Page: ...


class StatementReader(Protocol):
    def __call__(
        self, file: Readable, limit_bytes: int, account: str | None = None, /
    ) -> Iterator[StatementHeader | BankTransaction]:
        """Each statement's header, then its transactions. Raises StatementRefused at any point."""


class Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...


@dataclass(frozen=True, slots=True)
class UploadForm:
    """A form post that puts one file of bounded size in one place, until it expires."""

    url: str
    fields: Mapping[str, str]
    expires_at: datetime
    max_bytes: int


class Uploads(Protocol):
    """Where files too large for a request are put."""

    def form(self, statement_id: str, /) -> UploadForm: ...

    def fetch(self, statement_id: str, /) -> AbstractContextManager[tuple[BinaryIO, bytes, int]]:
        """The file on disk, its SHA-256 and size. Raises NotFound, StatementRefused (too large), Unavailable."""


class StatementQueue(Protocol):
    """Asks for an approved statement to be taken in, by somebody with time."""

    def __call__(self, statement_id: str, /) -> bool:
        """False when there is nobody."""


class TransferDocuments(Protocol):
    """Transfers and open cases as JSON documents, for an operator."""

    def transfer(self, transfer_id: str, /) -> str | None: ...

    def transfers(self, limit: int, cursor: str | None, /, *, is_matched: bool | None) -> Page: ...

    def cases(self, limit: int, cursor: str | None, /) -> Page: ...

    def close_case(self, case_id: str, by: str, /) -> str | None: ...


# ---------------------------------------------------------------- events out


@dataclass(frozen=True, slots=True)
class QueuedEvent:
    """A committed event on its way out; `payload` goes out byte for byte."""

    payment_id: str
    sequence: int
    event_id: str
    kind: str
    topics: Sequence[str]
    payload: str
    request_id: str


@dataclass(frozen=True, slots=True)
class Refusal:
    """An event that the stream will not take, for a reason of its own; `cause` is one word."""

    event: QueuedEvent
    cause: str


@dataclass(frozen=True, slots=True)
class Delivery:
    """What became of a batch. `unsent` may or may not have arrived, and will be sent again."""

    sent: Sequence[QueuedEvent]
    refused: Sequence[Refusal]
    unsent: Sequence[QueuedEvent]
    cause: str = ""


@dataclass(frozen=True, slots=True)
class Backlog:
    """`depth` counts up to a bound; `age_ms` is how long the oldest has waited."""

    depth: int
    age_ms: int


class Outbox(Protocol):
    """Committed events that wait to be sent. A lease names who sends them; a lost lease changes nothing."""

    def lease(self, lease: str, limit: int, seconds: int, /) -> Sequence[QueuedEvent]:
        """The oldest that are due, at most one a payment: its earliest."""

    def sent(self, lease: str, events: Sequence[QueuedEvent], /) -> None: ...

    def release(self, lease: str, events: Sequence[QueuedEvent], cause: str, /) -> None: ...

    def hold_back(self, lease: str, refusals: Sequence[Refusal], /) -> None:
        """Try again later, and later each time."""

    def backlog(self) -> Backlog: ...

    def drop_old(self, days: int, /) -> int:
        """Drop a bounded number of events that were sent and are older than that."""

    def replay_payment(self, payment_id: str, /) -> int: ...

    def replay_range(self, since: datetime, until: datetime, /) -> int: ...


class Sending(Protocol):
    """A batch under way."""

    def finish(self, seconds: float, /) -> Delivery:
        """Wait no longer than that. Nothing unresolved is ever sent afterwards."""


class EventStream(Protocol):
    """Where events go, keyed by payment. Raises Unavailable when it cannot be reached at all."""

    def start(self, events: Sequence[QueuedEvent], /) -> Sending: ...


# ---------------------------------------------------------------- the rest


class IdempotencyCache(Protocol):
    """The fast path in front of PostgreSQL. It may forget or hang; then everything is a miss."""

    def begin(self, claim: Claim, /) -> Answer | bool:
        """The stored answer; or True: go ahead; or False: another is running. Raises IdempotencyKeyReused."""

    def finish(self, claim: Claim, answer: Answer, /) -> None: ...

    def abandon(self, claim: Claim, /) -> None: ...


class Turns(Protocol):
    def __call__(self, name: str, /) -> bool:
        """Whether it is this caller's turn: each name has one in a while, whoever asks. Never raises."""


class Nudge(Protocol):
    """Tell the relay that something was committed. Best effort: the schedule is the safety net."""

    def __call__(self) -> None: ...


class Clock(Protocol):
    def now(self) -> datetime:
        """Aware UTC, whole milliseconds."""


class Ids(Protocol):
    def new(self, prefix: str, /) -> str: ...


class Sealer(Protocol):
    """Authenticated encryption at rest; `context` is bound to the bytes and must be the same to open them."""

    def seal(self, plain: bytes, context: str, /) -> bytes: ...

    def open(self, sealed: bytes, context: str, /) -> bytes:
        """Raises LookupError when no key of ours opens it."""


class Meter(Protocol):
    """Business metrics, each with the dimensions that `metrics.METRICS` says. Ids are never dimensions."""

    def count(self, name: str, /, value: int = 1, **dimensions: str) -> None: ...

    def measure(self, name: str, milliseconds: int, /, **dimensions: str) -> None: ...

    def gauge(self, name: str, value: float, /, **dimensions: str) -> None:
        """What is so now, told again and again."""

    def alarm(self, name: str, /, **facts: str) -> None:
        """A count that somebody must look at."""


# ---------------------------------------------------------------- callers


@dataclass(frozen=True, slots=True)
class StoredKey:
    """An API key as it is kept: a BEARER key's keyed hash, or a SIGNING key's secret, opened."""

    id: str
    kind: str
    secret_hash: bytes | None
    secret: bytes | None = field(repr=False)
    scopes: frozenset[str]


class KeyStore(Protocol):
    def find(self, key_id: str, /) -> StoredKey | None: ...

    def touched(self, key_id: str, /) -> None:
        """Keep when the key was last used, to the minute."""

    def first_sight(self, signature: bytes, /) -> bool:
        """False when this signature was seen before."""

    def add(self, key: StoredKey, name: str, /) -> None: ...

    def revoke(self, key_id: str, /) -> bool: ...


@dataclass(frozen=True, slots=True)
class Allowance:
    """What a key may still ask in the current window."""

    limit: int
    remaining: int
    reset_seconds: int
    is_allowed: bool


class Limiter(Protocol):
    def take(self, key_id: str, /) -> Allowance | None:
        """Count one request; None when Redis is gone: limits then fail open."""
