import pytest
import segno
from segno.helpers import make_epc_qr

from paygate.adapters.rails.bank_transfer.epc import MAX_BYTES, epc_payload
from paygate.domain.assets import CURRENCIES
from paygate.domain.bank_reference import creditor_reference
from paygate.domain.money import Money

IBAN = "DE89370400440532013000"
RF = creditor_reference("7K2M9QXR4TAB")
EUR = CURRENCIES["EUR"]


def payload(units: int = 1230, **changes: str) -> str:
    given = {"name": "Muster Handel GmbH", "iban": IBAN, "reference": RF} | changes
    return epc_payload(given.pop("name"), given.pop("iban"), Money(units, EUR), **given)


def test_the_lines_of_a_code_with_a_reference() -> None:
    assert payload().split("\n") == [
        *("BCD", "002", "1", "SCT", "", "Muster Handel GmbH", IBAN, "EUR12.3", "", RF),
    ]


def test_every_line() -> None:
    lines = payload(bic="COBADEFFXXX", purpose="GDDS", information="Bestellung 7").split("\n")
    assert lines[4:] == ["COBADEFFXXX", "Muster Handel GmbH", IBAN, "EUR12.3", "GDDS", RF, "", "Bestellung 7"]


@pytest.mark.parametrize(
    ("units", "written"),
    [
        (1, "EUR0.01"),
        (10, "EUR0.1"),
        (100, "EUR1"),
        (2000, "EUR20"),
        (1230, "EUR12.3"),
        (99999999999, "EUR999999999.99"),
    ],
)
def test_amounts(units: int, written: str) -> None:
    assert written in payload(units).split("\n")


@pytest.mark.parametrize(
    "more", [{"reference": RF}, {"text": "Größe 7 für Łukasz"}, {"reference": RF, "purpose": "GDDS"}]
)
@pytest.mark.parametrize("units", [1, 990, 2000, 123456])
def test_another_implementation_draws_the_same(units: int, more: dict[str, str]) -> None:
    name, bic = "Zoë & Söhne", "COBADEFFXXX"
    theirs = make_epc_qr(name, IBAN, f"{units // 100}.{units % 100:02d}", bic=bic, encoding="utf-8", **more)
    ours = payload(units, name=name, bic=bic, **({"reference": ""} | more))
    assert segno.make_qr(ours.encode(), error="m", boost_error=False) == theirs


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"iban": "DE88370400440532013000"}, "IBAN"),
        ({"iban": "DE89 3704 0044 0532 0130 00"}, "IBAN"),
        ({"bic": "COBADEFFXX"}, "BIC"),
        ({"name": ""}, "name"),
        ({"name": " "}, "name"),
        ({"name": "x" * 71}, "name"),
        ({"name": "a\nb"}, "name"),
        ({"purpose": "GOODS"}, "purpose"),
        ({"reference": "RF19539007547034"}, "reference"),
        ({"text": "x"}, "excludes"),
        ({"reference": "", "text": "x" * 141}, "text"),
        ({"reference": "", "text": "a\rb"}, "text"),
        ({"information": "x" * 71}, "information"),
        ({"name": "中" * 70, "reference": "", "text": "中" * 60}, "331 bytes"),
    ],
)
def test_what_the_guidelines_forbid(changes: dict[str, str], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        payload(**changes)


@pytest.mark.parametrize("money", [Money(0, EUR), Money(100_000_000_000, EUR), Money(100, CURRENCIES["CNY"])])
def test_amounts_that_no_code_can_carry(money: Money) -> None:
    with pytest.raises(ValueError, match="amount"):
        epc_payload("A", IBAN, money)


def test_the_longest_code_fits_version_13() -> None:
    at_most = payload(name="ü" * 70, reference="", text="ü" * 13 + "y" * 116)
    assert len(at_most.encode()) == MAX_BYTES
    assert segno.make_qr(at_most.encode(), error="m", boost_error=False).version <= 13
    with pytest.raises(ValueError, match="331"):
        payload(name="ü" * 70, reference="", text="ü" * 13 + "y" * 117)
