"""Blocks, transactions and their results: the calls that only read.

developers.tron.network, "HTTP API": /wallet shows the chain up to the head, /walletsolidity up to the last final
block. What is not there is {} (or [] for a block's results).
"""

from collections.abc import Callable
from typing import Any

from infra.sandbox.tron import answers
from infra.sandbox.tron.asked import HASH_BYTES, Asked
from infra.sandbox.tron.chain import Block
from infra.sandbox.tron.errors import NodeError
from infra.sandbox.tron.messages import Json

Answer = Json | list[Any]
MOST_BLOCKS = 100


def get_now_block(asked: Asked) -> Answer:
    return _block(asked, asked.view.top)


def get_block_by_num(asked: Asked) -> Answer:
    return _block(asked, asked.number("num"))


def get_block_by_id(asked: Asked) -> Answer:
    found = _by_id(asked, asked.hash("value"))
    return answers.block(asked.view, found, visible=asked.visible) if found else {}


def get_block(asked: Asked) -> Answer:
    """Without `detail`, no transactions."""
    wanted = str(asked.args.get("id_or_num") or "")
    detail = str(asked.args.get("detail", "")).lower() == "true"
    if not wanted:
        return _block(asked, asked.view.top, detail=detail)
    if wanted.lstrip("-").isdigit() and len(wanted) < HASH_BYTES:
        if int(wanted) < 0:
            raise NodeError("num must be non-positive number.", "")
        return _block(asked, int(wanted), detail=detail)
    found = _by_id(asked, wanted)
    if found is None and len(wanted) != HASH_BYTES * 2:
        raise NodeError("id must be legal block hash.", "")
    return answers.block(asked.view, found, visible=asked.visible, detail=detail) if found else {}


def get_block_by_limit_next(asked: Asked) -> Answer:
    first, end = asked.number("startNum"), asked.number("endNum")
    if end <= 0 or not 0 < end - first <= MOST_BLOCKS:
        return {}
    return _blocks(asked, range(max(0, first), end))


def get_block_by_latest_num(asked: Asked) -> Answer:
    count = asked.number("num")
    if not 0 < count < MOST_BLOCKS:
        return {}
    top = asked.view.top
    return _blocks(asked, range(max(0, top - count + 1), top + 1))


def get_transaction_by_id(asked: Asked) -> Answer:
    """One that waits is there too, at the head's door only."""
    tx_id = asked.hash("value")
    row = _transaction(asked, tx_id)
    if row is None and not asked.view.is_solid:
        row = asked.view.db.execute("SELECT * FROM pending WHERE id = ?", (tx_id,)).fetchone()
    return answers.transaction(row, visible=asked.visible) if row else {}


def get_transaction_info_by_id(asked: Asked) -> Answer:
    row = _transaction(asked, asked.hash("value"))
    return answers.info(row, visible=asked.visible) if row else {}


def get_transaction_info_by_block_num(asked: Asked) -> Answer:
    number = asked.number("num")
    if number <= 0:
        return {}
    if number > asked.view.top:
        return []
    rows = asked.view.chain.transactions(asked.view.db, number)
    return [answers.info(row, visible=asked.visible) for row in rows]


def get_transaction_count_by_block_num(asked: Asked) -> Answer:
    number = asked.number("num")
    if number > asked.view.top:
        return {"count": -1}
    return {"count": len(asked.view.chain.transactions(asked.view.db, number))}


def get_transaction_from_pending(asked: Asked) -> Answer:
    sql = "SELECT * FROM pending WHERE id = ?"
    row = asked.view.db.execute(sql, (asked.hash("value"),)).fetchone()
    return answers.transaction(row, visible=asked.visible) if row else {}


def get_transaction_list_from_pending(asked: Asked) -> Answer:
    return {"txId": [row["id"] for row in asked.view.chain.waiting(asked.view.db)]}


def get_pending_size(asked: Asked) -> Answer:
    return {"pendingSize": len(asked.view.chain.waiting(asked.view.db))}


def _block(asked: Asked, number: int, *, detail: bool = True) -> Json:
    if not 0 <= number <= asked.view.top:
        return {}
    found = asked.view.chain.block(asked.view.db, number)
    return answers.block(asked.view, found, visible=asked.visible, detail=detail) if found else {}


def _blocks(asked: Asked, numbers: range) -> Json:
    found = [_block(asked, number) for number in numbers]
    return {"block": [each for each in found if each]}


def _by_id(asked: Asked, block_id: str) -> Block | None:
    """Asked by the id as this view shows it."""
    number = int(block_id[: answers.ID_NUMBER] or "0", 16) if len(block_id) == HASH_BYTES * 2 else -1
    if not 0 <= number <= asked.view.top:
        return None
    found = asked.view.chain.block(asked.view.db, number)
    return found if found and answers.twisted(asked.view, found.id) == block_id else None


def _transaction(asked: Asked, tx_id: str) -> Any:
    sql = "SELECT * FROM transactions WHERE id = ? AND number <= ?"
    return asked.view.db.execute(sql, (tx_id, asked.view.top)).fetchone()


BOTH: dict[str, Callable[[Asked], Answer]] = {
    "getnowblock": get_now_block,
    "getblockbynum": get_block_by_num,
    "getblockbyid": get_block_by_id,
    "getblock": get_block,
    "getblockbylimitnext": get_block_by_limit_next,
    "getblockbylatestnum": get_block_by_latest_num,
    "gettransactionbyid": get_transaction_by_id,
    "gettransactioninfobyid": get_transaction_info_by_id,
    "gettransactioninfobyblocknum": get_transaction_info_by_block_num,
    "gettransactioncountbyblocknum": get_transaction_count_by_block_num,
}
HEAD_ONLY: dict[str, Callable[[Asked], Answer]] = {
    "gettransactionfrompending": get_transaction_from_pending,
    "gettransactionlistfrompending": get_transaction_list_from_pending,
    "getpendingsize": get_pending_size,
}
