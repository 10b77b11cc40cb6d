"""Blocks, transactions and their results as java-tron's HTTP API writes them (Util.printBlock, JsonFormat)."""

import json

from infra.sandbox.ledger import Row
from infra.sandbox.tron import keys, messages, transactions
from infra.sandbox.tron.chain import Block
from infra.sandbox.tron.context import View
from infra.sandbox.tron.messages import HEADER, Json
from infra.sandbox.tron.protobuf import decode
from infra.sandbox.tron.transactions import Transaction

ID_NUMBER = 16
"""The hex digits of a block's id that are its number."""


def block(view: View, found: Block, *, visible: bool, detail: bool = True) -> Json:
    header = messages.to_json(HEADER, decode(HEADER, found.header), visible=visible)
    header["parentHash"] = twisted(view, header.get("parentHash", ""))
    signature = view.chain.signature(found).hex()
    shown: Json = {
        "blockID": twisted(view, found.id),
        "block_header": {"raw_data": header, "witness_signature": signature},
    }
    rows = view.chain.transactions(view.db, found.number) if detail else []
    if rows:
        shown["transactions"] = [transaction(row, visible=visible) for row in rows]
    return shown


def transaction(row: Row, *, visible: bool) -> Json:
    return transactions.to_json(Transaction.parse(row["body"]), visible=visible)


def info(row: Row, *, visible: bool) -> Json:
    """A log's address has no 41 in hex, and is a whole one when `visible` (Util.convertLogAddressToTronAddress)."""
    shown: Json = json.loads(row["info"])
    if not visible:
        return shown
    if "contract_address" in shown:
        shown["contract_address"] = keys.base58check(shown["contract_address"])
    if "resMessage" in shown:
        shown["resMessage"] = bytes.fromhex(shown["resMessage"]).decode()
    for log in shown.get("log", []):
        log["address"] = keys.base58check("41" + log["address"])
    return shown


def twisted(view: View, block_id: str) -> str:
    """The same block's id on another chain."""
    if not view.twist or not block_id:
        return block_id
    number, rest = block_id[:ID_NUMBER], bytes.fromhex(block_id[ID_NUMBER:])
    return number + keys.sha256(bytes([view.twist % 256]) + rest)[:24].hex()
