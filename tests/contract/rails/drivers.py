"""What the contract suite needs of a rail's sandbox. A rail joins by adding its driver to `drivers` and NAMES.

What a rail cannot do its adapter declares (`inabilities`).
"""

from collections.abc import Mapping
from typing import Any, Protocol

from paygate.domain.money import Money
from paygate.ports import Action, PaymentRail, TradeStatus
from tests.contract.rails.alipay_driver import AlipayDriver
from tests.contract.rails.bank_transfer_driver import BankTransferDriver
from tests.contract.rails.card_driver import CardDriver
from tests.contract.rails.unionpay_driver import UnionPayDriver
from tests.contract.rails.wechat_pay_driver import WechatPayDriver
from tests.contract.sandbox_client import Sandbox


class Driver(Protocol):
    """The payer's hands, the fault script and the books of one rail's sandbox."""

    name: str
    channels: tuple[str, ...]
    calling_channel: str
    """A channel whose `open` calls the rail."""

    def rail(self, callback_url: str) -> PaymentRail: ...

    def leave(self) -> None:
        """Take back what `rail` set up in the sandbox, which others use next."""

    def amount(self, units: int) -> Money: ...

    def look(self, reference: str) -> None:
        """The payer opens the order and does not pay."""

    def pay(self, action: Action) -> None: ...

    statuses: tuple[TradeStatus, ...]
    """What an order can be brought to beside WAITING, PAID and CLOSED."""

    def become(self, status: TradeStatus, action: Action, reference: str) -> None:
        """Bring an order that was opened to one of `statuses`."""

    def finish(self, reference: str) -> None:
        """The rail says that nothing more will change."""

    def fail_next(self, operation: str, reference: str, kind: str) -> None:
        """The next `open`, `query`, `close`, `refund` or `query_refund` of the order goes wrong.

        Kinds: `lost` does the work and hangs up; `never` hangs up at once; `slow` does the work and answers too
        late; `busy`, `server_error`, `garbage` and `forged` are answers that decide nothing.
        """

    def change_callback(self, reference: str, kind: str) -> None:
        """The next callback is signed and wrong: `amount`, `currency`, `order`, `merchant`, `unsigned`."""

    def calls(self, reference: str) -> int:
        """Calls of ours that named the order."""

    def books(self, reference: str) -> Mapping[str, Any] | None:
        """`paid` and `refunded` units of the order, and the `refunds` made; None when it was never opened."""


def drivers(sandbox: Sandbox) -> dict[str, Driver]:
    return {
        "alipay": AlipayDriver(sandbox, is_certified=False),
        "alipay in certificate mode": AlipayDriver(sandbox, is_certified=True),
        "bank_transfer": BankTransferDriver(sandbox),
        "card": CardDriver(sandbox),
        "unionpay": UnionPayDriver(sandbox),
        "wechat_pay": WechatPayDriver(sandbox, is_certified=False),
        "wechat_pay in certificate mode": WechatPayDriver(sandbox, is_certified=True),
    }


NAMES = (
    *("alipay", "alipay in certificate mode", "bank_transfer", "card", "unionpay"),
    *("wechat_pay", "wechat_pay in certificate mode"),
)
