"""Whether a transaction may enter a block now: what it refers to, how long it lives, whether it is new, who signed.

java-tron's Manager.validateTapos, validateCommon, validateDup and TransactionCapsule.validatePubSignature.
"""

from infra.sandbox.ledger import Db
from infra.sandbox.tron import keys
from infra.sandbox.tron.errors import Refused
from infra.sandbox.tron.state import DAY_MS
from infra.sandbox.tron.transactions import Transaction

RECENT_BLOCKS = 1 << 16
MOST_BYTES = 500 * 1024
OWNER_PERMISSION, ACTIVE_PERMISSION = 0, 2


def check_place(db: Db, transaction: Transaction, head: int, head_time: int) -> None:
    raw = transaction.raw
    if len(raw.get("contract", [])) != 1:
        raise Refused("OTHER_ERROR", f"tx {transaction.id} contract size should be exactly 1")
    _check_reference(db, raw.get("ref_block_bytes", b""), raw.get("ref_block_hash", b""), head)
    if len(transaction.encoded()) > MOST_BYTES:
        raise Refused("TOO_BIG_TRANSACTION_ERROR", f"Too big transaction, TxId {transaction.id}")
    if not head_time < raw.get("expiration", 0) <= head_time + DAY_MS:
        raise Refused("TRANSACTION_EXPIRATION_ERROR")
    if db.execute("SELECT 1 FROM transactions WHERE id = ?", (transaction.id,)).fetchone():
        raise Refused("DUP_TRANSACTION_ERROR")


def _check_reference(db: Db, place: bytes, proof: bytes, head: int) -> None:
    """TAPOS: the last two bytes of a recent block's number, and bytes 8 to 16 of its id."""
    number = head - (head - int.from_bytes(place, "big")) % RECENT_BLOCKS
    row = db.execute("SELECT id FROM blocks WHERE number = ?", (number,)).fetchone()
    if len(place) != 2 or row is None or row["id"][16:32] != proof.hex():  # noqa: PLR2004
        raise Refused("TAPOS_ERROR")


def check_signature(transaction: Transaction) -> None:
    """Accounts here have the permissions that they are born with: one key, which is their address's."""
    if not transaction.signatures or not transaction.raw.get("contract"):
        raise Refused("SIGERROR", "miss sig or contract")
    if transaction.contract.get("Permission_id", 0) not in (OWNER_PERMISSION, ACTIVE_PERMISSION):
        raise Refused("SIGERROR", "permission isn't exit")
    if len(transaction.signatures) > 1:
        count = len(transaction.signatures)
        raise Refused("SIGERROR", f"Signature count is {count} more than key counts of permission : 1")
    signature = transaction.signatures[0]
    try:
        signer = keys.signer(signature, transaction.digest)
    except ValueError as error:
        raise Refused("SIGERROR", str(error)) from None
    if signer != transaction.owner:
        who = keys.base58check(signer)
        reason = f"{signature.hex()} is signed by {who} but it is not contained of permission."
        raise Refused("SIGERROR", reason)
