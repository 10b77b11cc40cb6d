"""Calling contracts, and making transactions to be signed (TriggerSmartContractServlet, TransferServlet)."""

import time
from collections.abc import Callable

from infra.sandbox.tron import abi, execution, transactions
from infra.sandbox.tron.abi_json import ABI
from infra.sandbox.tron.asked import Asked
from infra.sandbox.tron.contracts import Contract
from infra.sandbox.tron.errors import NodeError, Refused
from infra.sandbox.tron.execution import SUCCESS, SUN_PER_ENERGY, Outcome
from infra.sandbox.tron.keys import base58check, keccak256
from infra.sandbox.tron.messages import TRANSFER, TRIGGER, Json, unhex
from infra.sandbox.tron.protobuf import Malformed, Message
from infra.sandbox.tron.state import Draft
from infra.sandbox.tron.transactions import Transaction

LIFETIME_MS = 60_000
ENDLESS = 1 << 62


def create_transaction(asked: Asked) -> Json:
    said: Message = {
        "owner_address": bytes.fromhex(asked.address("owner_address")),
        "to_address": bytes.fromhex(asked.address("to_address")),
        "amount": asked.number("amount"),
    }
    try:
        execution.validate_transfer(asked.node.chain.contracts, said, asked.view.state)
    except Refused as refused:
        raise NodeError(refused.reason, "org.tron.core.exception.ContractValidateException") from None
    made = unsigned(asked, TRANSFER, said)
    text = str(asked.args.get("extra_data") or "")
    if text:
        made.message["raw_data"]["data"] = text.encode() if asked.visible else bytes.fromhex(text)
    return {"visible": asked.visible, **transactions.to_json(made, visible=asked.visible)}


def trigger_smart_contract(asked: Asked) -> Json:
    try:
        contract, said = _said(asked)
        if contract.is_view(said.get("data", b"")):
            return _constant(asked, contract, said)
        made = unsigned(asked, TRIGGER, said, fee_limit=asked.number("fee_limit"))
    except Refused as refused:
        return _refusal(asked, refused)
    return {"result": {"result": True}, "transaction": _shown(asked, made)}


def trigger_constant_contract(asked: Asked) -> Json:
    try:
        contract, said = _said(asked)
    except Refused as refused:
        return _refusal(asked, refused)
    return _constant(asked, contract, said)


def estimate_energy(asked: Asked) -> Json:
    try:
        contract, said = _said(asked)
    except Refused as refused:
        return _refusal(asked, refused)
    ended = _try(asked, contract, said)
    if ended.code != SUCCESS:
        return {"result": {"code": "CONTRACT_EXE_ERROR", "message": _text(asked, ended.message)}}
    return {"result": {"result": True}, "energy_required": ended.energy}


def get_contract(asked: Asked) -> Json:
    address = asked.address("value")
    found = asked.node.chain.contracts.get(address)
    if found is None:
        return {}
    origin = asked.node.chain.network.payer_address
    return {
        "origin_address": base58check(origin) if asked.visible else origin,
        "contract_address": base58check(address) if asked.visible else address,
        "abi": {"entrys": ABI[found.name]},
        "bytecode": "00",
        "consume_user_resource_percent": 100,
        "name": found.name,
        "origin_energy_limit": 10_000_000,
        "code_hash": keccak256(address.encode()).hex(),
    }


def unsigned(asked: Asked, kind: int, said: Message, fee_limit: int = 0) -> Transaction:
    """Refers to the last final block, and lives for a minute from the head (Wallet.setTransaction)."""
    view = asked.view
    solid, head = view.chain.block(view.db, view.solid), view.chain.block(view.db, view.head)
    if solid is None or head is None:
        raise NodeError("null", "java.lang.NullPointerException")
    return Transaction.unsigned(
        kind,
        said,
        ref_block_bytes=bytes.fromhex(solid.id[12:16]),
        ref_block_hash=bytes.fromhex(solid.id[16:32]),
        expiration=head.timestamp + LIFETIME_MS,
        timestamp=time.time_ns() // 1_000_000,
        fee_limit=fee_limit,
    )


def _said(asked: Asked) -> tuple[Contract, Message]:
    parameter = "java.security.InvalidParameterException"
    for name in ("owner_address", "contract_address"):
        if not asked.args.get(name):
            raise Refused("OTHER_ERROR", message=f"class {parameter} : {name} isn't set.")
    address = asked.address("contract_address")
    contract = asked.node.chain.contracts.get(address)
    if contract is None:
        raise Refused("CONTRACT_VALIDATE_ERROR", message="Smart contract is not exist.")
    data = _unhex(str(asked.args.get("data") or ""))
    selector = str(asked.args.get("function_selector") or "")
    if selector:
        data = abi.selector(selector) + _unhex(str(asked.args.get("parameter") or ""))
    said: Message = {
        "owner_address": bytes.fromhex(asked.address("owner_address")),
        "contract_address": bytes.fromhex(address),
        "call_value": asked.number("call_value"),
        "data": data,
        "call_token_value": asked.number("call_token_value"),
        "token_id": asked.number("token_id"),
    }
    return contract, said


def _constant(asked: Asked, contract: Contract, said: Message) -> Json:
    ended = _try(asked, contract, said)
    made = unsigned(asked, TRIGGER, said).with_result({})
    shown = _shown(asked, made)
    shown["ret"] = [{} if ended.code == SUCCESS else {"ret": "FAILED"}]
    result: Json = {"result": True}
    if ended.message:
        result["message"] = _text(asked, ended.message)
    answer: Json = {"result": result, "energy_used": ended.energy, "constant_result": [ended.data.hex()]}
    if ended.penalty:
        answer["energy_penalty"] = ended.penalty
    if ended.logs:
        answer["logs"] = [{"address": log.address, "topics": log.topics, "data": log.data} for log in ended.logs]
    return answer | {"transaction": shown}


def _try(asked: Asked, contract: Contract, said: Message) -> Outcome:
    """What a call would do; nothing of it stays."""
    sender, value = said["owner_address"].hex(), said["call_value"]
    return execution.call(contract, Draft(asked.view.state), sender, said["data"], ENDLESS // SUN_PER_ENERGY, value)


def _shown(asked: Asked, made: Transaction) -> Json:
    return {"visible": asked.visible, **transactions.to_json(made, visible=asked.visible)}


def _refusal(asked: Asked, refused: Refused) -> Json:
    return {"result": {"code": refused.code, "message": _text(asked, refused.message)}}


def _text(asked: Asked, text: str) -> str:
    return text if asked.visible else text.encode().hex()


def _unhex(text: str) -> bytes:
    try:
        return unhex(text)
    except Malformed as error:
        raise Refused("OTHER_ERROR", str(error)) from None


BOTH: dict[str, Callable[[Asked], Json]] = {
    "triggerconstantcontract": trigger_constant_contract,
    "estimateenergy": estimate_energy,
}
HEAD_ONLY: dict[str, Callable[[Asked], Json]] = {
    "triggersmartcontract": trigger_smart_contract,
    "createtransaction": create_transaction,
    "getcontract": get_contract,
}
