"""What a transfer takes on TRON, and whether the treasury has it (TRON developer documentation, "Resource Model").

Energy is what the account has of it, and for the rest TRX is burnt; bandwidth as well.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from paygate.adapters.chains import token_calls
from paygate.adapters.chains.tron.blocks import NEWEST
from paygate.adapters.rails.exact_json import inner, text
from paygate.domain.errors import NodeMisled, NodeUnavailable, TransactionRefused, TreasuryTooPoor
from paygate.domain.money import decimal_text

if TYPE_CHECKING:
    from paygate.adapters.chains.tron.node import TronNode
    from paygate.chain_ports import PayoutOrder

_SELECTOR_BYTES = 4
_TRX_DECIMALS = 6
_MOST_SUN = 500_000_000
"""Beyond 500 TRX a transfer is not made: it takes some ten."""

# Energy for a popular contract grows by up to a fifth each six hours ("Dynamic Energy Model"), and for a recipient
# who holds no tokens any more it doubles. What is not used is not charged.
_ROOM = 2
_SIGNED_BYTES = 140  # the signature, the messages around it, and 64 for a result that is not there yet
_ENERGY_FEE, _BYTE_FEE, _MOST_LIMIT = "getEnergyFee", "getTransactionFee", "getMaxFeeLimit"


@dataclass(frozen=True, slots=True)
class Cost:
    """`energy` as the node tried it; `price` is sun for one unit of it."""

    energy: int
    price: int
    byte_price: int
    most: int

    @property
    def fee_limit(self) -> int:
        return min(_ROOM * self.energy * self.price, self.most)


class Resources:
    def __init__(self, node: TronNode, treasury: str, token: str) -> None:
        self._node = node
        self._treasury, self._token = "41" + treasury, "41" + token

    def cost(self, order: PayoutOrder) -> Cost:
        """Raises TreasuryTooPoor for tokens, TransactionRefused where the token's contract would not move them."""
        asset, units = order.amount.asset, order.amount.units
        answer = self._call("balanceOf(address)", token_calls.balance_of(self._treasury[2:]))
        held = _word(answer)
        if held < units:
            raise TreasuryTooPoor(_lack(held, units, asset.decimals, asset.code))
        answer = self._call("transfer(address,uint256)", token_calls.transfer(order.recipient, units))
        prices = self._prices()
        cost = Cost(_count(answer, "energy_used"), prices[_ENERGY_FEE], prices[_BYTE_FEE], prices[_MOST_LIMIT])
        if cost.energy * cost.price > min(_MOST_SUN, cost.most):
            raise NodeUnavailable("a transfer is said to burn more than 500 TRX: refunds wait until it is less")
        return cost

    def require(self, cost: Cost, raw_bytes: int) -> None:
        """Raises TreasuryTooPoor where energy, bandwidth and TRX together are too little."""
        has = self._about("getaccountresource")
        sun = _count(self._about("getaccount"), "balance")
        energy = max(_count(has, "EnergyLimit") - _count(has, "EnergyUsed"), 0)
        takes = max(cost.energy - energy, 0) * cost.price
        size = raw_bytes + _SIGNED_BYTES
        spare = (("NetLimit", "NetUsed"), ("freeNetLimit", "freeNetUsed"))
        if all(_count(has, limit) - _count(has, used) < size for limit, used in spare):
            takes += size * cost.byte_price
        if sun < takes:
            raise TreasuryTooPoor(_lack(sun, takes, _TRX_DECIMALS, "TRX"))

    def _about(self, question: str) -> dict[str, Any]:
        """An account that nobody has paid TRX to is an empty object."""
        return _object(self._node.ask(f"{NEWEST}/{question}", address=self._treasury))

    def _call(self, selector: str, data: bytes) -> dict[str, Any]:
        """Tries it, on the newest block, and changes nothing."""
        answer = _object(
            self._node.ask(
                f"{NEWEST}/triggerconstantcontract",
                owner_address=self._treasury,
                contract_address=self._token,
                function_selector=selector,
                parameter=data[_SELECTOR_BYTES:].hex(),
            )
        )
        result = inner(answer, "result")
        if result.get("result") is not True:
            raise NodeUnavailable("tron's node does not try calls")
        outcomes = inner(answer, "transaction").get("ret")
        failed = isinstance(outcomes, list) and any(isinstance(each, dict) and "ret" in each for each in outcomes)
        if failed or text(result, "message"):
            raise TransactionRefused("it would fail: the token's contract refuses it")
        return answer

    def _prices(self) -> dict[str, int]:
        listed = _object(self._node.ask(f"{NEWEST}/getchainparameters")).get("chainParameter")
        if not isinstance(listed, list):
            raise _unreadable()
        said = {text(_object(each), "key"): each for each in listed}
        found = {name: _count(said.get(name, {}), "value") for name in (_ENERGY_FEE, _BYTE_FEE, _MOST_LIMIT)}
        if not all(found.values()):
            raise _unreadable()
        return found


def _word(answer: dict[str, Any]) -> int:
    results = answer.get("constant_result")
    try:
        [word] = results if isinstance(results, list) else []
        raw = bytes.fromhex(word)
    except (ValueError, TypeError):
        raise _unreadable() from None
    if len(raw) != token_calls.WORD_BYTES:
        raise _unreadable()
    return int.from_bytes(raw, "big")


def _count(content: dict[str, Any], name: str) -> int:
    """Numbers that are zero are left out."""
    value = content.get(name, 0)
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise _unreadable()
    return value


def _object(said: Any) -> dict[str, Any]:
    if not isinstance(said, dict):
        raise _unreadable()
    return said


def _lack(held: int, wanted: int, decimals: int, code: str) -> str:
    has, takes = decimal_text(held, decimals), decimal_text(wanted, decimals)
    return f"the treasury holds {has} {code}; this takes {takes}"


def _unreadable() -> NodeMisled:
    return NodeMisled("what tron's node says of an account cannot be read")
