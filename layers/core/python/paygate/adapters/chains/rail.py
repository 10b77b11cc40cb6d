"""Chains as PaymentRails: every payment has an address of its own, and blocks tell what came there.

There is nobody to ask: `services.poll_chain` reads the blocks, and no key that could send anything back is here.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

from paygate.adapters.chains.addresses import uris
from paygate.adapters.chains.addresses.branch import Branch
from paygate.adapters.chains.bitcoin.settings import BitcoinSettings
from paygate.adapters.chains.evm.settings import EvmSettings
from paygate.adapters.chains.tron.settings import TronSettings
from paygate.domain.errors import CallbackRefused, InvalidField, TreasuryMissing
from paygate.ports import (
    Ability,
    Action,
    CallbackReply,
    Observation,
    ReceivingAddress,
    RefundAnswer,
    RefundStatus,
    TradeStatus,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from paygate.adapters.chains.addresses.account import AccountKey
    from paygate.adapters.chains.addresses.encoding import Encoding
    from paygate.adapters.chains.policy import Policy
    from paygate.domain.money import Money
    from paygate.ports import CallbackRequest, Clock, Order, RailUrls, RefundOrder

CHANNEL = "ADDRESS"
_LARGEST_TOLERANCE = 10  # the part of what is due that may be missing is a tenth at most


class ChainSettings(Protocol):
    """What all chains' settings have."""

    @property
    def family(self) -> str: ...
    @property
    def account(self) -> AccountKey: ...
    @property
    def policies(self) -> Mapping[str, Policy]: ...
    @property
    def shown_blocks(self) -> int: ...
    @property
    def encoding(self) -> Encoding: ...
    @property
    def refused(self) -> frozenset[str]: ...
    @property
    def treasury(self) -> str | None: ...


_Settings = TypeVar("_Settings", bound=ChainSettings)


class ChainRail(Generic[_Settings]):
    """`ports.AddressingRail`. An order's reference is its address."""

    name = ""
    query_schedule = (86_400,)  # nobody can be asked: see `inabilities`
    silent_channels = frozenset({CHANNEL})
    inabilities = frozenset(Ability) - {Ability.ADDRESS, Ability.SEVERAL_CURRENCIES, Ability.REVERSE}

    def __init__(self, settings: _Settings, urls: RailUrls, clock: Clock, http: object) -> None:
        del urls, clock, http
        self._settings = settings
        self.account = settings.account.name

    # ------------------------------------------------------------ addresses

    @cached_property
    def _branch(self) -> Branch:
        return Branch(self._settings.account)

    def receive(self, index: int, due: Money, /) -> ReceivingAddress:
        settings = self._settings
        key = settings.encoding.of_point(self._branch.point(index))
        return ReceivingAddress(
            family=settings.family,
            key=key,
            text=settings.encoding.text(key),
            account=self.account,
            path=self._branch.path(index),
            index=index,
            confirmations=self._shown_blocks(due),
            waits_for_finality=self._policy(due).blocks(due) is None,
        )

    def tolerance(self, due: Money, /) -> int:
        """What is configured, yet never so much that a small payment could be settled by next to nothing."""
        return min(self._policy(due).tolerance, due.units // _LARGEST_TOLERANCE)

    def recipient(self, text: str, field: str = "address") -> str:
        """The key of an address that a caller gives. Raises InvalidField."""
        try:
            key = self._settings.encoding.key(text)
        except ValueError as wrong:
            raise InvalidField(field, str(wrong)) from None
        if key in self._settings.refused:
            raise InvalidField(field, "is the token's own contract: what is sent there is lost")
        return key

    def confirmations(self, amount: Money, /) -> int | None:
        return self._policy(amount).blocks(amount)

    def payee(self, address: str | None, /) -> str:
        if self._settings.treasury is None:
            raise TreasuryMissing(f"refunds on {self.name} need a treasury that they are paid from")
        if address is None:
            raise InvalidField("address", "is required: on a chain money cannot go back the way it came")
        key = self.recipient(address)
        if key == self._settings.treasury:
            raise InvalidField("address", "is the treasury that refunds are paid from")
        return self._settings.encoding.text(key)

    # ------------------------------------------------------------ the rail

    def open(self, order: Order, /) -> Action:
        fields = {
            "network": self.name,
            "asset": order.amount.asset.code,
            "address": order.reference,
            "amount": order.amount.text(),
            "uri": self._uri(order.reference, order.amount),
            "confirmationsRequired": self._shown_blocks(order.amount),
        }
        return Action("CRYPTO", fields)

    def query(self, order: Order, /) -> Observation:
        return Observation(order.reference, TradeStatus.WAITING)

    def close(self, order: Order, /) -> Observation:
        """An address cannot be closed. Money that comes all the same is late money."""
        return Observation(order.reference, TradeStatus.CLOSED)

    def refund(self, refund: RefundOrder, /) -> RefundAnswer:
        """It waits for a transaction that `services.pay_out` prepares and follows."""
        return RefundAnswer(RefundStatus.PENDING, refund.rail_id)

    def query_refund(self, refund: RefundOrder, /) -> RefundAnswer:
        return self.refund(refund)

    def read_callback(self, _request: CallbackRequest, /) -> Observation | None:
        raise CallbackRefused("chains do not call back")

    def callback_accepted(self) -> CallbackReply:
        return CallbackReply(200, "text/plain", "ok")

    def callback_refused(self) -> CallbackReply:
        return CallbackReply(400, "text/plain", "chains do not call back")

    # ------------------------------------------------------------ what differs

    def _uri(self, _address: str, _due: Money) -> str | None:
        return None

    def _policy(self, due: Money) -> Policy:
        return self._settings.policies[due.asset.code]

    def _shown_blocks(self, due: Money) -> int:
        return self._policy(due).blocks(due) or self._settings.shown_blocks


class EvmRail(ChainRail[EvmSettings]):
    """Wallets know either chain by its number."""

    def _uri(self, address: str, due: Money) -> str:
        settings = self._settings
        if due.asset == settings.native:
            return uris.ether(address, due, settings.chain_id)
        return uris.token(address, due, settings.chain_id, settings.encoding.text(settings.token))


class EthereumRail(EvmRail):
    name = "ethereum"


class BscRail(EvmRail):
    name = "bsc"


class TronRail(ChainRail[TronSettings]):
    """Without a URI. TIP-17, a draft, has `tron:<address>?amount=…` for TRX: it names no token, so a wallet that
    follows it offers to send another asset, and TronLink's scanner takes nothing but the bare address.
    """

    name = "tron"


class BitcoinRail(ChainRail[BitcoinSettings]):
    name = "bitcoin"

    def _uri(self, address: str, due: Money) -> str:
        return uris.bitcoin(address, due)
