"""What can go wrong, in the field's words. HTTP appears only at the edge."""

from __future__ import annotations


class PaygateError(Exception):
    """A cause with a stable `code`; `retryable` says whether the same request may succeed later."""

    code = "internal_error"
    retryable = False


class InvalidField(PaygateError):
    """A value that can never be accepted; `field` is its path as the caller wrote it."""

    code = "invalid_field"

    def __init__(self, field: str, why: str) -> None:
        super().__init__(f"{field}: {why}")
        self.field = field
        self.why = why


class NotFound(PaygateError):
    code = "not_found"


class MethodNotAvailable(PaygateError):
    """The payment method is known but its rail is not configured here."""

    code = "method_not_available"


class RailDeclined(PaygateError):
    """The rail refused for good: asking again cannot help. `reason` is the rail's own code."""

    code = "rail_declined"

    def __init__(self, reason: str) -> None:
        super().__init__(f"the rail declined: {reason}")
        self.reason = reason


class OutcomeUnknown(PaygateError):
    """The rail may or may not have done the work: never a failure, always to be asked about."""

    code = "outcome_unknown"
    retryable = True


class AnswerTooLong(OutcomeUnknown):
    """An answer of more bytes than are taken from anybody: asking for less may help."""


class CallbackRefused(PaygateError):
    """A callback that does not verify. It changes nothing."""

    code = "callback_refused"


class SignatureProbe(CallbackRefused):
    """A wrong signature that a rail sends on purpose now and then, to see that it is refused. All is well."""


class IdempotencyKeyReused(PaygateError):
    code = "idempotency_key_reused"

    def __init__(self) -> None:
        super().__init__("this idempotency key was used with a different request")


class StillRunning(PaygateError):
    """The first request with this idempotency key has not finished."""

    code = "request_in_progress"
    retryable = True

    def __init__(self) -> None:
        super().__init__("a request with this idempotency key is still running")


class RefundNotPossible(PaygateError):
    """More than what is left, nothing received, or a payment whose money was withdrawn."""

    code = "refund_not_possible"
    field = "amount"


class NotCancellable(PaygateError):
    code = "not_cancellable"


class NotCapturable(PaygateError):
    """Nothing is authorised: not paid yet, over, or a rail that takes the money at once."""

    code = "not_capturable"


class SecondPersonNeeded(PaygateError):
    """Who imported a statement cannot be the one who lets its money in."""

    code = "second_person_needed"


class NotApprovable(PaygateError):
    code = "not_approvable"


class AlreadyAssigned(PaygateError):
    """A transfer belongs to one payment, for good."""

    code = "already_assigned"


class Unavailable(PaygateError):
    """A part of ours (PostgreSQL) cannot be reached now; nothing was decided."""

    code = "unavailable"
    retryable = True


class Conflict(PaygateError):
    """Somebody else changed the row first; the caller reloads and decides again."""

    code = "conflict"
    retryable = True


class NodeUnavailable(PaygateError):
    """A chain's node did not answer, or not now; nothing is known, and asking again later is right."""

    code = "node_unavailable"
    retryable = True


class NodeMisled(PaygateError):
    """What a node says cannot be so: it serves another chain, or parts of its answer do not fit together."""

    code = "node_misled"
    retryable = True


class QuoteUnavailable(PaygateError):
    """No rate can be locked: too few sources answer, or they are too old or too far apart."""

    code = "quote_unavailable"
    retryable = True


class TooManyClaims(PaygateError):
    """More transactions were claimed for one payment, or with one key, than honest payers make."""

    code = "rate_limited"


class NotClaimable(PaygateError):
    """The payment is not paid over a network: there is no transaction that could."""

    code = "not_claimable"


class NotYetReplaceable(PaygateError):
    """The transaction that is out may still be mined, and nothing could keep both from it."""

    code = "not_yet_replaceable"


class TreasuryMissing(PaygateError):
    """No treasury is configured to pay refunds of this network from."""

    code = "treasury_missing"


class TreasuryTooPoor(PaygateError):
    """The treasury's address does not hold the amount and what the network takes for moving it."""

    code = "treasury_too_poor"


class TransactionRefused(PaygateError):
    """The network does not take the transaction: it says why."""

    code = "transaction_refused"
