"""What a transaction will take: gas as the node tries it, fees by the market, and money that must be there.

Whoever holds too little is told so before anybody signs. Balances are the newest block's: what waits for a block
may take of them yet, and then the node refuses the later one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from paygate.adapters.chains import token_calls
from paygate.adapters.chains.evm import documents, refusals
from paygate.adapters.chains.evm.fees import Fees, above, greater, market
from paygate.adapters.chains.evm.node import Refused
from paygate.adapters.chains.evm.transactions import Transaction
from paygate.adapters.chains.evm.wire import quantity, readable, word
from paygate.domain.errors import (
    NodeMisled,
    NodeUnavailable,
    NotYetReplaceable,
    TransactionRefused,
    TreasuryTooPoor,
)
from paygate.domain.money import decimal_text

if TYPE_CHECKING:
    from paygate.adapters.chains.evm.node import Node, Question
    from paygate.adapters.chains.evm.settings import EvmSettings
    from paygate.adapters.chains.evm.transactions import Effect
    from paygate.chain_ports import PayoutOrder, Unsigned

_COINS = {"ethereum": "ETH", "bsc": "BNB"}
_COIN_DECIMALS = 18
_MARGIN_PERCENT = 20
_NEW_HOLDER = 20_000
"""More, if the recipient holds none by then: a word of storage that was zero (Yellow Paper, appendix G)."""
_MOST_GAS = 300_000
"""Tokens take some 65,000, and a contract that is a wallet 30,000: a recipient that takes more wants it burnt."""

_BLOCK, _TIP, _PRICE = "eth_getBlockByNumber", "eth_maxPriorityFeePerGas", "eth_gasPrice"


class Preparing:
    def __init__(self, node: Node, settings: EvmSettings, treasury: str) -> None:
        self._node, self._settings, self._treasury = node, settings, treasury

    def run(self, effect: Effect, order: PayoutOrder, replaces: Unsigned | None) -> Transaction:
        """Raises TreasuryTooPoor, NotYetReplaceable where it is too late, TransactionRefused if it would fail."""
        said = self._asked(effect, replaces)
        with readable("an account"):
            if quantity(said["eth_chainId"]) != self._settings.chain_id:
                raise NodeMisled("the node serves another chain than the one that is configured")
            self._require_nonce(effect.nonce, quantity(said["eth_getTransactionCount"]), replaces)
            coins = quantity(said["eth_getBalance"])
            if "eth_call" in said:
                tokens, asset = int(word(said["eth_call"]), 16), order.amount.asset
                self._require(order.amount.units, tokens, asset.decimals, asset.code)
        self._require_coins(effect.value, coins)
        fees, gas = _fees(said, replaces), self._gas(effect)
        self._require_coins(effect.value + gas * fees.most, coins)
        return Transaction(effect, gas, fees)

    def _asked(self, effect: Effect, replaces: Unsigned | None) -> dict[str, Any]:
        who = "0x" + self._treasury
        questions: list[Question] = [
            ("eth_chainId", []),
            (_BLOCK, ["latest", False]),
            (_PRICE, []),
            ("eth_getBalance", [who, "latest"]),
            ("eth_getTransactionCount", [who, "latest"]),
            (_TIP, []),
        ]
        if effect.to == self._settings.token:
            balance = "0x" + token_calls.balance_of(self._treasury).hex()
            questions.append(("eth_call", [{"to": "0x" + effect.to, "data": balance}, "latest"]))
        if replaces is not None and replaces.tx_id is not None:
            questions.append(("eth_getTransactionByHash", ["0x" + replaces.tx_id]))
        answers = self._node.ask_each(questions)
        said = {method: answer for (method, _), answer in zip(questions, answers, strict=True)}
        if any(isinstance(answer, Refused) for method, answer in said.items() if method != _TIP):
            raise NodeUnavailable("the node does not tell what a transaction takes")
        return said

    def _require_nonce(self, nonce: int, used: int, replaces: Unsigned | None) -> None:
        if nonce >= used:
            return
        if replaces is not None:
            raise NotYetReplaceable("a transaction with its nonce is in a block already")
        raise NodeUnavailable("the node told of fewer transactions before than there are")

    def _gas(self, effect: Effect) -> int:
        call = {"from": "0x" + self._treasury, "to": "0x" + effect.to, "value": hex(effect.value)}
        if effect.data:
            call["data"] = "0x" + effect.data.hex()
        try:
            answer = self._node.provider.make_request("eth_estimateGas", [call, "latest"])  # type: ignore[arg-type]
            found = refusals.result(answer)
        except refusals.Refusal as refusal:
            raise TransactionRefused(f"it would fail: {refusal.reason}") from None
        with readable("gas"):
            gas = quantity(found)
        if gas > _MOST_GAS:
            raise TransactionRefused("it would fail: the recipient is a contract that takes too much gas")
        return gas * (100 + _MARGIN_PERCENT) // 100 + (_NEW_HOLDER if effect.data else 0)

    def _require_coins(self, wanted: int, held: int) -> None:
        self._require(wanted, held, _COIN_DECIMALS, _COINS[self._settings.network])

    def _require(self, wanted: int, held: int, decimals: int, code: str) -> None:
        if held < wanted:
            has, takes = decimal_text(held, decimals), decimal_text(wanted, decimals)
            raise TreasuryTooPoor(f"the treasury holds {has} {code}; this takes {takes}")


def _fees(said: dict[str, Any], replaces: Unsigned | None) -> Fees:
    """A signer may have paid more than was prepared: what waits at the node is looked at, where it is known."""
    with readable("the price of gas"):
        base = said[_BLOCK].get("baseFeePerGas")
        tip = None if isinstance(said[_TIP], Refused) else quantity(said[_TIP])
        found = market(None if base is None else quantity(base), tip, quantity(said[_PRICE]))
        if replaces is None:
            return found
        before, waiting = documents.fees_of(replaces.document), said.get("eth_getTransactionByHash")
        if waiting is not None:
            before = greater(before, _fees_of(waiting))
        return above(found, before)


def _fees_of(transaction: dict[str, Any]) -> Fees:
    if transaction.get("maxFeePerGas") is None:
        return Fees(quantity(transaction["gasPrice"]), None)
    return Fees(quantity(transaction["maxFeePerGas"]), quantity(transaction["maxPriorityFeePerGas"]))
