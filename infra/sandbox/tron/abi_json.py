"""The contracts' interfaces, as getcontract tells them."""

from typing import Any


def _entry(name: str, inputs: dict[str, str], output: str = "", *, is_view: bool = False) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "name": name,
        "type": "Function",
        "stateMutability": "View" if is_view else "Nonpayable",
    }
    if inputs:
        entry["inputs"] = [{"name": label, "type": kind} for label, kind in inputs.items()]
    if output:
        entry["outputs"] = [{"type": output}]
    return entry | ({"constant": True} if is_view else {})


def _event(name: str, **inputs: str) -> dict[str, Any]:
    shown = [
        {"name": label.rstrip("_"), "type": kind} | ({"indexed": True} if kind == "address" else {})
        for label, kind in inputs.items()
    ]
    return {"name": name, "type": "Event", "inputs": shown}


TOKEN = [
    _entry("name", {}, "string", is_view=True),
    _entry("symbol", {}, "string", is_view=True),
    _entry("decimals", {}, "uint256", is_view=True),
    _entry("totalSupply", {}, "uint256", is_view=True),
    _entry("balanceOf", {"who": "address"}, "uint256", is_view=True),
    _entry("allowance", {"_owner": "address", "_spender": "address"}, "uint256", is_view=True),
    _entry("isBlackListed", {"": "address"}, "bool", is_view=True),
    _entry("getBlackListStatus", {"_maker": "address"}, "bool", is_view=True),
    _entry("transfer", {"_to": "address", "_value": "uint256"}, "bool"),
    _entry("transferFrom", {"_from": "address", "_to": "address", "_value": "uint256"}, "bool"),
    _entry("approve", {"_spender": "address", "_value": "uint256"}, "bool"),
    _entry("addBlackList", {"_evilUser": "address"}),
    _entry("removeBlackList", {"_clearedUser": "address"}),
    _entry("destroyBlackFunds", {"_blackListedUser": "address"}),
    _event("Transfer", from_="address", to="address", value="uint256"),
    _event("Approval", owner="address", spender="address", value="uint256"),
]
BATCH = [
    _entry("disperseTokenSimple", {"token": "address", "recipients": "address[]", "values": "uint256[]"}),
]
ABI = {"TetherToken": TOKEN, "Disperse": BATCH}
