"""Accounts, their resources, and the node itself."""

from collections.abc import Callable

from infra.sandbox.tron import broadcasting, keys, transactions
from infra.sandbox.tron import state as books
from infra.sandbox.tron.asked import Asked
from infra.sandbox.tron.chain import Block
from infra.sandbox.tron.errors import NodeError, Refused
from infra.sandbox.tron.execution import (
    FREE_NET,
    MAX_FEE_LIMIT,
    NEW_ACCOUNT_BANDWIDTH_FEE,
    NEW_ACCOUNT_FEE,
    SUN_PER_BYTE,
    SUN_PER_ENERGY,
)
from infra.sandbox.tron.messages import Json
from infra.sandbox.tron.protobuf import Malformed
from infra.sandbox.tron.validity import check_signature

PARAMETERS = {
    "getTransactionFee": SUN_PER_BYTE,
    "getEnergyFee": SUN_PER_ENERGY,
    "getCreateAccountFee": NEW_ACCOUNT_BANDWIDTH_FEE,
    "getCreateNewAccountFeeInSystemContract": NEW_ACCOUNT_FEE,
    "getFreeNetLimit": FREE_NET,
    "getMaxFeeLimit": MAX_FEE_LIMIT,
    "getMaintenanceTimeInterval": 21_600_000,
    "getMemoFee": 1_000_000,
    "getAllowCreationOfContracts": 1,
}
OPERATIONS = "7fff1fc0033ec30f000000000000000000000000000000000000000000000000"


def get_account(asked: Asked) -> Json:
    address, state = asked.address("address"), asked.view.state
    if not books.exists(state, address):
        return {}
    shown: Json = {"address": _form(asked, address)}
    if asked.node.chain.network.is_contract(address):
        shown["type"] = "Contract"
    balance = books.balance(state, address)
    shown |= {"balance": balance} if balance else {}
    created = int(state.get(f"account:{address}") or 0)
    shown |= {"create_time": created} if created else {}
    used = books.used(state, "net", address, _now(asked))
    shown |= {"free_net_usage": used} if used else {}
    return shown | {
        "net_window_size": 28_800_000,
        "net_window_optimized": True,
        "account_resource": {"energy_window_size": 28_800_000, "energy_window_optimized": True},
        "owner_permission": permission(asked, address),
        "active_permission": [
            permission(asked, address)
            | {"type": "Active", "id": 2, "permission_name": "active"}
            | {"operations": OPERATIONS}
        ],
        "frozenV2": [{}, {"type": "ENERGY"}, {"type": "TRON_POWER"}],
    }


def get_account_resource(asked: Asked) -> Json:
    address, state = asked.address("address"), asked.view.state
    if not books.exists(state, address):
        return {}
    shown = {
        "freeNetUsed": books.used(state, "net", address, _now(asked)),
        "freeNetLimit": FREE_NET,
        "NetUsed": books.used(state, "staked_net", address, _now(asked)),
        "NetLimit": books.number(state, f"net_limit:{address}"),
        "TotalNetLimit": 43_200_000_000,
        "TotalNetWeight": 26_600_000_000,
        "EnergyUsed": books.used(state, "energy", address, _now(asked)),
        "EnergyLimit": books.number(state, f"energy_limit:{address}"),
        "TotalEnergyLimit": 180_000_000_000,
        "TotalEnergyWeight": 19_000_000_000,
    }
    return {name: value for name, value in shown.items() if value}


def get_sign_weight(asked: Asked) -> Json:
    """Who must sign, and whether that is done: clients also ask for it to learn a transaction's id."""
    transaction = broadcasting.read(asked.args, visible=asked.visible)
    inner = {
        "result": {"result": True},
        "txid": transaction.id,
        "transaction": transactions.to_json(transaction, visible=asked.visible),
    }
    shown: Json = {"transaction": inner, "result": {}}
    try:
        owner = transaction.owner
    except Malformed:
        return shown | {"result": {"code": "OTHER_ERROR", "message": "Invalid transaction: no valid contract"}}
    if not books.exists(asked.view.state, owner):
        return shown | {"result": {"code": "PERMISSION_ERROR", "message": "Account does not exist!"}}
    shown["permission"] = permission(asked, owner)
    if not transaction.signatures:
        return shown | {"result": {"code": "NOT_ENOUGH_PERMISSION"}}
    try:
        check_signature(transaction)
    except Refused as refused:
        return shown | {"result": {"code": "PERMISSION_ERROR", "message": refused.reason}}
    return shown | {"approved_list": [_form(asked, owner)], "current_weight": 1}


def get_node_info(asked: Asked) -> Json:
    view = asked.view
    head, solid = (view.chain.block(view.db, number) for number in (view.head, view.solid))
    return {
        "beginSyncNum": view.solid,
        "block": _place(head),
        "solidityBlock": _place(solid),
        "currentConnectCount": 0,
        "activeConnectCount": 0,
        "passiveConnectCount": 0,
        "totalFlow": 0,
        "peerList": [],
        "configNodeInfo": {"codeVersion": "4.8.0", "p2pVersion": "11111", "supportConstant": True, "dbVersion": 2},
        "machineInfo": {},
        "cheatWitnessInfoMap": {},
    }


def get_chain_parameters(_asked: Asked) -> Json:
    return {"chainParameter": [{"key": name, "value": value} for name, value in PARAMETERS.items()]}


def validate_address(asked: Asked) -> Json:
    text = str(asked.args.get("address") or "")
    forms = {keys.HEX_LENGTH: "Hex string format", keys.BASE58_LENGTH: "Base58check format"}
    if len(text) not in forms:
        return {"result": False, "message": "Length error"}
    try:
        keys.any_form(text)
    except keys.NoAddress as error:
        return {"result": False, "message": str(error)}
    return {"result": True, "message": forms[len(text)]}


def list_nodes(_asked: Asked) -> Json:
    return {}


def permission(asked: Asked, address: str) -> Json:
    keys_of = [{"address": _form(asked, address), "weight": 1}]
    return {"permission_name": "owner", "threshold": 1, "keys": keys_of}


def _form(asked: Asked, address: str) -> str:
    return keys.base58check(address) if asked.visible else address


def _place(block: Block | None) -> str:
    if block is None:
        raise NodeError("null", "java.lang.NullPointerException")
    return f"Num:{block.number},ID:{block.id}"


def _now(asked: Asked) -> int:
    block = asked.view.chain.block(asked.view.db, asked.view.top)
    return block.timestamp if block else 0


BOTH: dict[str, Callable[[Asked], Json]] = {
    "getaccount": get_account,
    "getnodeinfo": get_node_info,
}
HEAD_ONLY: dict[str, Callable[[Asked], Json]] = {
    "getaccountresource": get_account_resource,
    "getsignweight": get_sign_weight,
    "getchainparameters": get_chain_parameters,
    "validateaddress": validate_address,
    "listnodes": list_nodes,
}
