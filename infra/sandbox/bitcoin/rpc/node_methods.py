"""The node itself, fees, and addresses (rpc/net.cpp, rpc/fees.cpp, rpc/output_script.cpp)."""

import time
from typing import Any

from infra.sandbox.bitcoin import scripts, segwit
from infra.sandbox.bitcoin.node import Node
from infra.sandbox.bitcoin.pool import RELAY_FEE
from infra.sandbox.bitcoin.rpc.errors import PARAMETER, RpcError
from infra.sandbox.bitcoin.rpc.numbers import Amount
from infra.sandbox.bitcoin.rpc.registry import method

Json = dict[str, Any]
MOST_TARGET = 1008
WITH_SCRIPT = ("scripthash", "witness_v0_scripthash", "witness_v1_taproot", "anchor")
MODES = ("unset", "economical", "conservative")


@method()
def getnetworkinfo(_node: Node) -> Json:
    networks = ("ipv4", "ipv6", "onion", "i2p", "cjdns")
    return {
        "version": 290000,
        "subversion": "/Satoshi:29.0.0(sandbox)/",
        "protocolversion": 70016,
        "localservices": "0000000000000c09",
        "localservicesnames": ["NETWORK", "WITNESS", "NETWORK_LIMITED", "P2P_V2"],
        "localrelay": True,
        "timeoffset": 0,
        "networkactive": True,
        "connections": 0,
        "connections_in": 0,
        "connections_out": 0,
        "networks": [_network(name) for name in networks],
        "relayfee": Amount(RELAY_FEE),
        "incrementalfee": Amount(RELAY_FEE),
        "localaddresses": [],
        "warnings": [],
    }


def _network(name: str) -> Json:
    is_plain = name.startswith("ip")
    known = {"name": name, "limited": not is_plain, "reachable": is_plain}
    return {**known, "proxy": "", "proxy_randomize_credentials": False}


@method()
def uptime(node: Node) -> int:
    return int(time.time() - node.started_at)


@method()
def getindexinfo(node: Node, index_name: str = "") -> Json:
    known = {"txindex": {"synced": True, "best_block_height": node.chain.height}}
    return {name: told for name, told in known.items() if index_name in ("", name)}


@method()
def estimatesmartfee(_node: Node, conf_target: int, estimate_mode: str = "economical") -> Json:
    """A test network has too few blocks that are full to know."""
    if not 1 <= conf_target <= MOST_TARGET:
        raise RpcError(PARAMETER, f"Invalid conf_target, must be between 1 and {MOST_TARGET}")
    if estimate_mode.lower() not in MODES:
        raise RpcError(
            PARAMETER, 'Invalid estimate_mode parameter, must be one of: "unset", "economical", "conservative"'
        )
    return {"errors": ["Insufficient data or no feerate found"], "blocks": 0}


@method()
def validateaddress(_node: Node, address: str) -> Json:
    try:
        script = scripts.of_address(address)
    except scripts.NoAddress:
        return {"isvalid": False, "error_locations": [], "error": _problem(address)}
    kind, written = scripts.classify(script)
    program = scripts.witness_program(script)
    told: Json = {"isvalid": True, "address": written, "scriptPubKey": script.hex()}
    if kind != "witness_unknown":
        told["isscript"] = kind in WITH_SCRIPT
    told["iswitness"] = program is not None
    if program is not None and kind != "anchor":
        told |= {"witness_version": program[0], "witness_program": program[1].hex()}
    return told


def _problem(address: str) -> str:
    if address.lower().startswith(f"{scripts.HRP}1"):
        return "Invalid Bech32 checksum or program"
    is_other = any(letter in segwit.LETTERS for letter in address[:1]) and "1" in address
    return (
        "Invalid or unsupported Segwit (Bech32) or Base58 encoding."
        if is_other
        else ("Invalid checksum or length of Base58 address (P2PKH or P2SH)")
    )
