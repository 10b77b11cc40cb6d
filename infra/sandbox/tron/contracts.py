"""The contracts, written in Python: a token shaped like Tether's, one that only looks like it, and a batch payer.

Tether's on TRON (TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t): 6 decimals, a blacklist, and a `transfer` that is declared to
return a bool and returns 32 zero bytes all the same. Energy is what such calls take on the main network.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from infra.sandbox.tron import abi
from infra.sandbox.tron.abi import BadCall
from infra.sandbox.tron.keys import NOBODY
from infra.sandbox.tron.state import State, add, number

KNOWN_HOLDER, NEW_HOLDER = (64_285, 49_635), (130_285, 100_635)
"""Energy of a transfer, and the part of it that is a penalty of the contract's popularity."""
CHANGE, VIEW = (22_850, 17_600), (2_207, 1_699)
MOST = (1 << 256) - 1
ZERO = bytes(32)


class Reverted(Exception):
    def __init__(self, reason: str = "") -> None:
        super().__init__(reason)
        text = abi.string(reason)
        self.data = abi.REVERTED + abi.uint(32) + text if reason else b""


@dataclass(frozen=True)
class Log:
    """`address` has 20 bytes, without 41; topics and data are hex without 0x."""

    address: str
    topics: list[str]
    data: str


@dataclass
class Call:
    """One call and what comes of it."""

    state: State
    sender: str
    data: bytes
    logs: list[Log] = field(default_factory=list)
    energy: int = 0
    penalty: int = 0

    def spend(self, cost: tuple[int, int]) -> None:
        self.energy += cost[0]
        self.penalty += cost[1]

    def emit(self, contract: str, event: str, first: str, second: str, value: int) -> None:
        topics = [event, abi.address(first).hex(), abi.address(second).hex()]
        self.logs.append(Log(contract[2:], topics, abi.uint(value).hex()))


Method = Callable[..., bytes]


class Contract:
    """`methods` are by signature; those in `views` change nothing."""

    name = ""
    methods: dict[str, Method]
    views: frozenset[str] = frozenset()

    def __init__(self, address: str, owner: str) -> None:
        self.address, self.owner = address, owner

    def run(self, call: Call, value: int = 0) -> bytes:
        if value:
            raise Reverted  # no function here is payable
        for signature, method in self.methods.items():
            if abi.selector(signature) == call.data[:4]:
                try:
                    values = abi.decode(signature, call.data[4:])
                except BadCall:
                    raise Reverted from None
                if signature in self.views:
                    call.spend(VIEW)
                return method(call, *values)
        raise Reverted

    def is_view(self, data: bytes) -> bool:
        return any(abi.selector(each) == data[:4] for each in self.views)


class Token(Contract):
    symbol, decimals, name = "USDT", 6, "TetherToken"
    title = "Tether USD"

    views = frozenset(
        (
            "name()",
            "symbol()",
            "decimals()",
            "totalSupply()",
            "balanceOf(address)",
            "allowance(address,address)",
            "getBlackListStatus(address)",
            "isBlackListed(address)",
        )
    )

    def __init__(self, address: str, owner: str) -> None:
        super().__init__(address, owner)
        self.methods = {
            "name()": lambda _: abi.uint(32) + abi.string(self.title),
            "symbol()": lambda _: abi.uint(32) + abi.string(self.symbol),
            "decimals()": lambda _: abi.uint(self.decimals),
            "totalSupply()": lambda call: abi.uint(number(call.state, f"supply:{self.address}")),
            "balanceOf(address)": lambda call, who: abi.uint(self.balance(call.state, who)),
            "allowance(address,address)": lambda call, *pair: abi.uint(self.allowance(call.state, *pair)),
            "getBlackListStatus(address)": self._status,
            "isBlackListed(address)": self._status,
            "transfer(address,uint256)": self.transfer,
            "transferFrom(address,address,uint256)": self.transfer_from,
            "approve(address,uint256)": self.approve,
            "addBlackList(address)": lambda call, who: self._list(call, who, "1"),
            "removeBlackList(address)": lambda call, who: self._list(call, who, "0"),
            "destroyBlackFunds(address)": self.destroy,
        }

    def balance(self, state: State, who: str) -> int:
        return number(state, self.holding(who))

    def allowance(self, state: State, owner: str, spender: str) -> int:
        return number(state, self._allowing(owner, spender))

    def is_blacklisted(self, state: State, who: str) -> bool:
        return state.get(f"black:{self.address}:{who}") == "1"

    def holding(self, who: str) -> str:
        return f"token:{self.address}:{who}"

    def transfer(self, call: Call, receiver: str, amount: int) -> bytes:
        if self.is_blacklisted(call.state, call.sender):
            raise Reverted
        self.move(call, call.sender, receiver, amount)
        return ZERO

    def transfer_from(self, call: Call, owner: str, receiver: str, amount: int) -> bytes:
        self.move_for(call, call.sender, owner, receiver, amount)
        return ZERO

    def move_for(self, call: Call, spender: str, owner: str, receiver: str, amount: int) -> None:
        """Nothing may be moved for anybody, which is how zero-value transfers get into histories."""
        allowed = self.allowance(call.state, owner, spender)
        if self.is_blacklisted(call.state, owner) or allowed < amount:
            raise Reverted
        if allowed < MOST:
            call.state.set(self._allowing(owner, spender), str(allowed - amount))
        self.move(call, owner, receiver, amount)

    def move(self, call: Call, sender: str, receiver: str, amount: int) -> None:
        call.spend(KNOWN_HOLDER if self.balance(call.state, receiver) else NEW_HOLDER)
        if self.balance(call.state, sender) < amount or receiver == NOBODY:
            raise Reverted
        add(call.state, self.holding(sender), -amount)
        add(call.state, self.holding(receiver), amount)
        call.emit(self.address, abi.TRANSFER_EVENT, sender, receiver, amount)

    def approve(self, call: Call, spender: str, amount: int) -> bytes:
        call.spend(CHANGE)
        call.state.set(self._allowing(call.sender, spender), str(amount))
        call.emit(self.address, abi.APPROVAL_EVENT, call.sender, spender, amount)
        return ZERO

    def destroy(self, call: Call, who: str) -> bytes:
        """What the issuer takes from a blacklisted holder; the event is Tether's own, not a Transfer."""
        call.spend(CHANGE)
        if call.sender != self.owner or not self.is_blacklisted(call.state, who):
            raise Reverted
        add(call.state, f"supply:{self.address}", -self.balance(call.state, who))
        call.state.set(self.holding(who), "0")
        return b""

    def _list(self, call: Call, who: str, value: str) -> bytes:
        call.spend(CHANGE)
        if call.sender != self.owner:
            raise Reverted
        call.state.set(f"black:{self.address}:{who}", value)
        return b""

    def _status(self, call: Call, who: str) -> bytes:
        return abi.uint(int(self.is_blacklisted(call.state, who)))

    def _allowing(self, owner: str, spender: str) -> str:
        return f"allowance:{self.address}:{owner}:{spender}"


class LookAlike(Token):
    """Anybody may move anything of anybody's, and needs to have none of it: its events are all that it is for."""

    def move_for(self, call: Call, spender: str, owner: str, receiver: str, amount: int) -> None:
        del spender
        self.move(call, owner, receiver, amount)

    def move(self, call: Call, sender: str, receiver: str, amount: int) -> None:
        call.spend(KNOWN_HOLDER)
        add(call.state, self.holding(receiver), amount)
        call.emit(self.address, abi.TRANSFER_EVENT, sender, receiver, amount)


class Batch(Contract):
    """Pays many at once with what its caller lets it spend."""

    name = "Disperse"

    def __init__(self, address: str, owner: str, tokens: dict[str, Token]) -> None:
        super().__init__(address, owner)
        self._tokens = tokens
        self.methods = {"disperseTokenSimple(address,address[],uint256[])": self.pay}

    def pay(self, call: Call, token: str, receivers: list[str], amounts: list[int]) -> bytes:
        if token not in self._tokens or len(receivers) != len(amounts):
            raise Reverted
        for receiver, amount in zip(receivers, amounts, strict=True):
            self._tokens[token].move_for(call, self.address, call.sender, receiver, amount)
        return b""


def deployed(addresses: dict[str, str], owner: str) -> dict[str, Contract]:
    usdt, fake = Token(addresses["usdt"], owner), LookAlike(addresses["lookalike"], owner)
    tokens: dict[str, Token] = {usdt.address: usdt, fake.address: fake}
    return {**tokens, addresses["batch"]: Batch(addresses["batch"], owner, tokens)}
