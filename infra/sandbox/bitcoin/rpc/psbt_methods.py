"""Partially signed transactions (rpc/rawtransaction.cpp, wallet/rpc/spend.cpp)."""

from typing import Any

from infra.sandbox.bitcoin import psbt as papers
from infra.sandbox.bitcoin import scripts, transactions
from infra.sandbox.bitcoin.codec import Malformed, Reader
from infra.sandbox.bitcoin.node import Node
from infra.sandbox.bitcoin.psbt import Psbt
from infra.sandbox.bitcoin.rpc import views
from infra.sandbox.bitcoin.rpc.errors import DESERIALIZATION, RpcError
from infra.sandbox.bitcoin.rpc.making import unsigned
from infra.sandbox.bitcoin.rpc.numbers import Amount
from infra.sandbox.bitcoin.rpc.registry import method
from infra.sandbox.bitcoin.wallet import Wallet

Json = dict[str, Any]
SIGHASHES = {1: "ALL", 2: "NONE", 3: "SINGLE", 0x81: "ALL|ANYONECANPAY", 0x82: "NONE|ANYONECANPAY", 0x83: "SINGLE|ANYONECANPAY"}  # fmt: skip  # noqa: E501
HARDENED = 1 << 31


@method()
def createpsbt(_node: Node, inputs: list[Any], outputs: Any, locktime: int = 0, replaceable: bool = True) -> str:
    return papers.of(unsigned(inputs, outputs, locktime, is_replaceable=replaceable)).encoded()


@method()
def decodepsbt(_node: Node, psbt: str) -> Json:
    read = _read(psbt)
    seen: Json = {
        "tx": views.transaction(read.unsigned, with_hex=False),
        "global_xpubs": [],
        "psbt_version": 0,
        "proprietary": [],
        "unknown": {key.hex(): value.hex() for key, value in read.rest.items()},
        "inputs": [_input(held) for held in read.inputs],
        "outputs": [_derivations(held, "output") for held in read.outputs],
    }
    spent = [read.spent(place) for place in range(len(read.inputs))]
    if spent and None not in spent:
        paid_in = sum(output.value for output in spent if output)
        seen["fee"] = Amount(paid_in - sum(output.value for output in read.unsigned.outputs))
    return seen


def _input(held: dict[bytes, bytes]) -> Json:
    seen: Json = {}
    if source := held.get(papers.SOURCE):
        output = papers.read_output(source)
        seen["witness_utxo"] = {"amount": Amount(output.value), "scriptPubKey": scripts.described(output.script)}
    if full := held.get(papers.FULL_SOURCE):
        seen["non_witness_utxo"] = views.transaction(transactions.read(Reader(full)), with_hex=False)
    signed = {key[1:].hex(): value.hex() for key, value in held.items() if key[0] == papers.SIGNATURE}
    if signed:
        seen["partial_signatures"] = signed
    if kind := held.get(papers.SIGHASH):
        seen["sighash"] = SIGHASHES.get(int.from_bytes(kind, "little"), "")
    seen |= _derivations(held, "input")
    if witness := papers.witness_of(held):
        seen["final_scriptwitness"] = [item.hex() for item in witness]
    known = (0, 1, papers.SIGNATURE, 3, papers.DERIVATION["input"], 7, 8)
    unknown = {key.hex(): value.hex() for key, value in held.items() if key[0] not in known}
    return {**seen, "unknown": unknown} if unknown else seen


def _derivations(held: dict[bytes, bytes], side: str) -> Json:
    found = [
        {"pubkey": key[1:].hex(), "master_fingerprint": value[:4].hex(), "path": _path(value[4:])}
        for key, value in held.items()
        if key[0] == papers.DERIVATION[side]
    ]
    return {"bip32_derivs": found} if found else {}


def _path(data: bytes) -> str:
    steps = [int.from_bytes(data[at : at + 4], "little") for at in range(0, len(data), 4)]
    return "/".join(["m", *(f"{step & ~HARDENED}{'h' if step & HARDENED else ''}" for step in steps)])


@method()
def utxoupdatepsbt(node: Node, psbt: str) -> str:
    """Tell each input what it spends, where that is known."""
    read = _read(psbt)
    _update(node, read)
    return read.encoded()


@method()
def finalizepsbt(_node: Node, psbt: str, extract: bool = True) -> Json:
    read = _read(psbt)
    is_complete = read.finalize()
    if is_complete and extract:
        return {"hex": read.extract().serialized().hex(), "complete": True}
    return {"psbt": read.encoded(), "complete": is_complete}


@method(is_wallets=True)
def walletprocesspsbt(own: Wallet, psbt: str, sign: bool = True) -> Json:
    read = _read(psbt)
    _update(own.node, read)
    if sign:
        _sign(own, read)
    is_complete = read.finalize()
    told: Json = {"psbt": read.encoded(), "complete": is_complete}
    return {**told, "hex": read.extract().serialized().hex()} if is_complete else told


def _update(node: Node, read: Psbt) -> None:
    for held, entry in zip(read.inputs, read.unsigned.inputs, strict=True):
        spent = node.output(entry.outpoint)
        if spent is not None and not {papers.SOURCE, papers.FULL_SOURCE} & held.keys():
            held[papers.SOURCE] = spent.serialized()


def _sign(own: Wallet, read: Psbt) -> None:
    signed = own.sign(read.unsigned)
    for held, entry in zip(read.inputs, signed.inputs, strict=True):
        if entry.witness and papers.FINAL_WITNESS not in held:
            signature, key = entry.witness
            held[bytes([papers.SIGNATURE]) + key] = signature


def _read(text: str) -> Psbt:
    try:
        return papers.read(text)
    except Malformed as wrong:
        raise RpcError(DESERIALIZATION, f"TX decode failed {wrong}") from None
