"""The payer of a chain that a real node runs (infra/local/servers/anvil.py): his door, and nothing of a rail's.

POST /_sandbox/<network>/pay   {"action", "decision": "pay" | "decline", "amount"?, "confirm"?: true}

pays what a payment asks for, or the `amount`, from the node's richest account. Where blocks come slowly, they come
once a second until the payment is final, unless `confirm` is false. The node is where <NETWORK>_RPC_URL says, and
its token <NETWORK>_USDT_CONTRACT, in the environment.
"""

import os
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import requests
from flask import Blueprint
from flask import request as http

from infra.evm.contracts import PAYER, address, call_data
from infra.evm.rpc import Node, RpcError
from infra.sandbox import wishes
from infra.sandbox.wishes import BadWish
from infra.sandbox.world import World

Reply = dict[str, Any] | tuple[dict[str, Any], int]
BLOCK_SECONDS = 1.0
MOST_BLOCKS = 200  # a node whose epochs are longer is not hurried all the way
TOKEN_GAS, NATIVE_GAS = 100_000, 21_000


@dataclass(frozen=True)
class Network:
    """`decimals` are those of each asset; `native` is paid by itself, the others by their contract."""

    name: str
    decimals: Mapping[str, int]
    native: str


def door(network: Network, world: World) -> Blueprint:
    blueprint = Blueprint(network.name, __name__)
    url = os.environ.get(f"{network.name.upper()}_RPC_URL", "")
    token = os.environ.get(f"{network.name.upper()}_USDT_CONTRACT", "")

    @blueprint.post(f"/_sandbox/{network.name}/pay")
    def pay() -> Reply:
        if not (url and token):
            return {"error": f"no node: {network.name.upper()}_RPC_URL or its token is not set"}, 503
        try:
            return _pay(network, Payment(Node(url), token, BLOCK_SECONDS * world.time_scale), http.get_json())
        except (BadWish, RpcError) as error:
            return {"error": str(error)}, 400
        except requests.RequestException as error:
            return {"error": f"the node does not answer: {type(error).__name__}"}, 502

    return blueprint


@dataclass(frozen=True)
class Payment:
    node: Node
    token: str
    block_seconds: float

    def send(self, to: str, units: int, *, is_native: bool) -> str:
        if is_native:
            return self.node.send(PAYER, to, value=units, gas=NATIVE_GAS)
        data = call_data("Tether", "transfer(address,uint256)", to, units)
        return self.node.send(PAYER, self.token, data, gas=TOKEN_GAS)

    def confirm(self, tx_hash: str) -> None:
        threading.Thread(target=self._confirm, args=(tx_hash,), daemon=True).start()

    def _confirm(self, tx_hash: str) -> None:
        """Ends by itself with the node."""
        try:
            for _ in range(MOST_BLOCKS):
                time.sleep(self.block_seconds)
                self.node.call("anvil_mine", hex(1), hex(0))
                receipt = self.node.call("eth_getTransactionReceipt", tx_hash)
                if receipt and int(self.node.block("finalized")["number"], 16) >= int(receipt["blockNumber"], 16):
                    return
        except (RpcError, requests.RequestException):
            return
        finally:
            self.node.close()


def _pay(network: Network, payment: Payment, asked: dict[str, Any]) -> Reply:
    wish = wishes.payment(asked, network.name, network.decimals)
    if wish is None:
        return {"paid": False}
    units = wishes.units(wish["amount"], network.decimals[wish["asset"]])
    tx_hash = payment.send(_receiver(wish), units, is_native=wish["asset"] == network.native)
    if asked.get("confirm", True):
        payment.confirm(tx_hash)
    return {"paid": True, "txId": tx_hash.removeprefix("0x")}


def _receiver(wish: dict[str, Any]) -> str:
    try:
        return address(str(wish["address"]))
    except ValueError:
        raise BadWish(f"no address: {wish['address']!r}") from None
