from dataclasses import replace
from datetime import UTC, datetime

import pytest

from paygate.adapters.rails.bank_transfer.rail import BankTransferRail
from paygate.adapters.rails.bank_transfer.settings import NAMES, read
from paygate.adapters.rails.http import RailHttp
from paygate.adapters.system.clock import SystemClock
from paygate.domain.assets import CURRENCIES
from paygate.domain.bank_reference import find_references, is_creditor_reference, is_memo_code
from paygate.domain.errors import CallbackRefused, InvalidField
from paygate.domain.money import Money
from paygate.domain.transfer_reference import transfer_reference
from paygate.faults import SettingsFaults
from paygate.ports import CallbackRequest, Order, RailUrls, RefundOrder, RefundStatus, TradeStatus

EUR = {
    "BANK_EUR_ACCOUNT_NAME": "Teehaus Example GmbH",
    "BANK_EUR_IBAN": "de02 1203 0000 0000 2020 51",
    "BANK_EUR_BIC": "BYLADEM1001",
}
CNY = {
    "BANK_CNY_ACCOUNT_NAME": "示例茶业有限公司",
    "BANK_CNY_ACCOUNT_NUMBER": "6222020200112233445",
    "BANK_CNY_BANK_NAME": "示例银行",
}
AT = datetime(2026, 1, 1, tzinfo=UTC)
PAYMENT_ID = "PAY_01K6FZ1E8M9N0P1Q2R3S4T5V6W"


def rail(**env: str) -> BankTransferRail:
    settings = read(env)
    assert settings is not None
    return BankTransferRail(settings, RailUrls("", ""), SystemClock(), RailHttp())


def order(currency: str, units: int = 12_30) -> Order:
    reference = transfer_reference(PAYMENT_ID, currency)
    return Order(reference, "TRANSFER", Money(units, CURRENCIES[currency]), "Tea", AT, AT)


def test_euros_are_paid_with_a_creditor_reference_and_a_code_to_scan() -> None:
    action = rail(**EUR).open(order("EUR"))
    assert action.type == "BANK_TRANSFER"
    assert action.fields["iban"] == "DE02120300000000202051"
    assert is_creditor_reference(action.fields["reference"])
    assert action.fields["epcQr"].split("\n") == [
        *("BCD", "002", "1", "SCT", "BYLADEM1001", "Teehaus Example GmbH", "DE02120300000000202051", "EUR12.3", ""),
        action.fields["reference"],
    ]


def test_a_name_that_no_code_holds_is_told_without_one() -> None:
    action = rail(**{**EUR, "BANK_EUR_ACCOUNT_NAME": "茶" * 70}).open(order("EUR", 999_999_999_99))
    assert "epcQr" in action.fields
    wide = rail(**{**EUR, "BANK_EUR_ACCOUNT_NAME": "\N{TEACUP WITHOUT HANDLE}" * 70})
    action = wide.open(order("EUR", 999_999_999_99))
    assert "epcQr" not in action.fields
    assert action.fields["reference"]


def test_yuan_are_paid_with_a_memo_code() -> None:
    action = rail(**CNY).open(order("CNY"))
    assert is_memo_code(action.fields["reference"])
    assert action.fields == {
        "accountName": "示例茶业有限公司",
        "accountNumber": "6222020200112233445",
        "bank": "示例银行",
        "amount": "12.30",
        "currency": "CNY",
        "reference": action.fields["reference"],
    }


def test_a_currency_without_an_account_is_refused_by_name() -> None:
    with pytest.raises(InvalidField) as refused:
        rail(**EUR).open(order("CNY"))
    assert refused.value.field == "currency"


def test_what_is_shown_is_what_a_statement_is_searched_for() -> None:
    for currency in ("EUR", "CNY"):
        reference = transfer_reference(PAYMENT_ID, currency)
        assert find_references([reference.lower()]) == (reference,)


def test_nobody_can_be_asked_and_nothing_closed() -> None:
    bank = rail(**EUR)
    assert bank.query(order("EUR")).status is TradeStatus.WAITING
    assert bank.close(order("EUR")).status is TradeStatus.CLOSED
    with pytest.raises(CallbackRefused):
        bank.read_callback(CallbackRequest(b"{}", {}))


def test_a_refund_is_for_a_person_who_is_told_what_to_write() -> None:
    asked = RefundOrder(order("EUR"), "01K6FZ1E8M9N0P1Q2R3S4T5V6W", Money(500, CURRENCIES["EUR"]), AT)
    answer = rail(**EUR).refund(asked)
    assert answer.status is RefundStatus.STUCK
    assert answer.rail_id is not None
    assert answer.reason == f"pay out 5.00 EUR with the reference {answer.rail_id}"
    assert rail(**EUR).query_refund(replace(asked)) == answer


def test_settings_of_two_accounts() -> None:
    settings = read({**EUR, **CNY})
    assert settings is not None
    assert settings.accounts == {"DE02120300000000202051": "EUR", "6222020200112233445": "CNY"}
    assert settings.needs_approval is False
    approved = read({**EUR, "BANK_STATEMENT_APPROVAL": "second_person"})
    assert approved is not None
    assert approved.needs_approval is True


def test_no_account_is_no_rail() -> None:
    assert read({}) is None
    assert read(dict.fromkeys(NAMES, " ")) is None
    assert read({"BANK_STATEMENT_APPROVAL": "second_person"}) is None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("BANK_EUR_ACCOUNT_NAME", ""),
        ("BANK_EUR_ACCOUNT_NAME", "x" * 71),
        ("BANK_EUR_IBAN", "DE02120300000000202052"),
        ("BANK_EUR_IBAN", ""),
        ("BANK_EUR_BIC", "short"),
        ("BANK_CNY_ACCOUNT_NUMBER", "6222-0202"),
        ("BANK_CNY_BANK_NAME", ""),
        ("BANK_STATEMENT_APPROVAL", "maybe"),
    ],
)
def test_every_wrong_setting_is_named_and_not_shown(name: str, value: str) -> None:
    with pytest.raises(SettingsFaults) as refused:
        read({**EUR, **CNY, name: value})
    (fault,) = refused.value.faults
    assert fault.startswith(name)
    assert not value or value not in fault.replace(name, "")
