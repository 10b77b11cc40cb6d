"""The wallet that payers pay from (wallet/rpc/*.cpp), no more of it than they need."""

from decimal import Decimal
from typing import Any

from infra.sandbox.bitcoin import scripts, wallet
from infra.sandbox.bitcoin.node import Node
from infra.sandbox.bitcoin.pool import Refused
from infra.sandbox.bitcoin.rpc.errors import (
    INSUFFICIENT,
    NO_WALLET,
    NOT_FOUND,
    PARAMETER,
    WALLET,
    WALLET_LOADED,
    RpcError,
)
from infra.sandbox.bitcoin.rpc.making import made_outputs
from infra.sandbox.bitcoin.rpc.numbers import Amount
from infra.sandbox.bitcoin.rpc.pool_methods import decoded
from infra.sandbox.bitcoin.rpc.registry import hash_of, method
from infra.sandbox.bitcoin.transactions import Output, Transaction
from infra.sandbox.bitcoin.wallet import Wallet

Json = dict[str, Any]
MOST_CONFIRMATIONS = 9_999_999


@method()
def createwallet(node: Node, wallet_name: str) -> Json:
    if not wallet.create(node, wallet_name):
        raise RpcError(WALLET, f"Wallet file verification failed. Database '{wallet_name}' already exists.")
    return {"name": wallet_name}


@method()
def loadwallet(node: Node, filename: str) -> Json:
    """They are always loaded."""
    if filename in wallet.names(node):
        raise RpcError(WALLET_LOADED, f'Wallet "{filename}" is already loaded.')
    raise RpcError(NO_WALLET, f"Wallet file verification failed. Path '{filename}' does not exist.")


@method()
def listwallets(node: Node) -> list[str]:
    return wallet.names(node)


@method(is_wallets=True)
def getnewaddress(own: Wallet, label: str = "", address_type: str = "bech32") -> str:
    if address_type != "bech32":
        raise RpcError(NOT_FOUND, f"Unknown address type '{address_type}'")
    del label
    return own.new_address()


@method(is_wallets=True)
def getbalance(own: Wallet) -> Amount:
    """What is confirmed, and its own change."""
    return Amount(sum(coin.value for coin in own.coins()))


@method(is_wallets=True)
def listunspent(own: Wallet, minconf: int = 1, maxconf: int = MOST_CONFIRMATIONS) -> list[Json]:
    return [
        {
            "txid": coin.outpoint[0],
            "vout": coin.outpoint[1],
            "address": scripts.classify(coin.coin.output.script)[1],
            "scriptPubKey": coin.coin.output.script.hex(),
            "amount": Amount(coin.value),
            "confirmations": coin.confirmations,
            "spendable": True,
            "solvable": True,
            "safe": True,
        }
        for coin in own.coins()
        if minconf <= coin.confirmations <= maxconf
    ]


@method(is_wallets=True)
def sendtoaddress(
    own: Wallet, address: str, amount: Any, comment: str = "", replaceable: bool = True, fee_rate: Any = None
) -> str:
    """`fee_rate` is in satoshis for a virtual byte."""
    del comment
    rate = wallet.FEE_RATE if fee_rate is None else int(Decimal(fee_rate) * 1000)
    return _pay(own, made_outputs({address: amount}), rate, is_replaceable=replaceable)


@method(is_wallets=True)
def sendmany(own: Wallet, dummy: str, amounts: dict[str, Any], replaceable: bool = True) -> str:
    if dummy:
        raise RpcError(PARAMETER, 'Dummy value must be set to ""')
    return _pay(own, made_outputs(amounts), wallet.FEE_RATE, is_replaceable=replaceable)


def _pay(own: Wallet, outputs: list[Output], rate: int, *, is_replaceable: bool) -> str:
    try:
        return own.pay(outputs, rate, is_replaceable=is_replaceable).txid
    except wallet.NotEnough:
        raise RpcError(INSUFFICIENT, "Insufficient funds") from None
    except Refused as refused:
        raise RpcError(WALLET, str(refused)) from None


@method(is_wallets=True)
def bumpfee(own: Wallet, txid: str) -> Json:
    tx_id = hash_of(txid, "txid")
    waiting = own.node.pool.waiting.get(tx_id)
    if not own.has_sent(tx_id):
        raise RpcError(NOT_FOUND, "Invalid or non-wallet transaction id")
    if waiting is None:
        raise RpcError(WALLET, "Transaction has been mined, or is conflicted with a mined transaction")
    try:
        bumped = own.bump(waiting)
    except (wallet.NotMine, Refused) as refused:
        raise RpcError(WALLET, str(refused)) from None
    fee = own.node.pool.waiting[bumped.txid].fee
    return {"txid": bumped.txid, "origfee": Amount(waiting.fee), "fee": Amount(fee), "errors": []}


@method(is_wallets=True)
def abandontransaction(own: Wallet, txid: str) -> None:
    tx_id = hash_of(txid, "txid")
    if not own.has_sent(tx_id):
        raise RpcError(NOT_FOUND, "Invalid or non-wallet transaction id")
    if tx_id in own.node.pool.waiting or tx_id in own.node.chain.places:
        raise RpcError(NOT_FOUND, "Transaction not eligible for abandonment")


@method(is_wallets=True)
def signrawtransactionwithwallet(own: Wallet, hexstring: str) -> Json:
    signed = own.sign(decoded(hexstring, "TX decode failed. Make sure the tx has at least one input."))
    missing = [place for place, entry in enumerate(signed.inputs) if not entry.witness]
    told: Json = {"hex": signed.serialized().hex(), "complete": not missing}
    return {**told, "errors": [_unsigned(signed, place) for place in missing]} if missing else told


def _unsigned(signed: Transaction, place: int) -> Json:
    entry = signed.inputs[place]
    known: Json = {"txid": entry.outpoint[0], "vout": entry.outpoint[1], "witness": [], "scriptSig": ""}
    return {**known, "sequence": entry.sequence, "error": "Input not found or already spent"}
