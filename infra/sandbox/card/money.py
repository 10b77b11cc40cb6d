"""Currencies and the least that may be charged: docs.stripe.com/currencies.

Amounts are integers of the smallest unit; zero-decimal currencies have none smaller than one, and of
three-decimal ones the last digit must be 0. Minimums that are not published are half a dollar, roughly.
"""

from infra.sandbox.card.errors import invalid
from infra.sandbox.card.params import text


def _codes(text: str) -> frozenset[str]:
    return frozenset(text.split())


ZERO_DECIMAL = _codes("bif clp djf gnf jpy kmf krw mga pyg rwf ugx vnd vuv xaf xof xpf")
THREE_DECIMAL = _codes("bhd jod kwd omr tnd")
TWO_DECIMAL = _codes(
    "aed aud bgn brl cad chf cny czk dkk eur gbp hkd huf idr inr isk mop mxn myr nok nzd php pln ron sar sek sgd"
    " thb try twd usd zar"
)
CURRENCIES = ZERO_DECIMAL | THREE_DECIMAL | TWO_DECIMAL
DEFAULT_MINIMUM = 50
OTHER_MINIMUMS = {
    30: "gbp",
    100: "bgn",
    160: "kwd",
    190: "bhd",
    200: "aed myr pln ron",
    250: "dkk",
    300: "nok sek",
    350: "cny",
    400: "hkd",
    700: "krw",
    900: "zar",
    1000: "mxn thb",
    1500: "czk twd",
    2800: "php",
    12500: "vnd",
    17500: "huf",
}
MAXIMUM = 99_999_999
DISPUTE_FEES = {"usd": 1500, "eur": 2000, "gbp": 2000, "jpy": 1300}


def currency(name: str, value: object) -> str:
    if text(name, value) not in CURRENCIES:
        raise invalid(name, f"Invalid currency: {value}. Three-letter ISO currency code, in lowercase.")
    return str(value)


def check_amount(amount: int, code: str) -> None:
    least = next((least for least, codes in OTHER_MINIMUMS.items() if code in codes.split()), DEFAULT_MINIMUM)
    if amount < least:
        raise invalid("amount", f"Amount must be at least {shown(least, code)}", "amount_too_small")
    if amount > MAXIMUM:
        raise invalid("amount", f"Amount must be no more than {shown(MAXIMUM, code)}", "amount_too_large")
    if code in THREE_DECIMAL and amount % 10:
        raise invalid("amount", f"Invalid amount: the last digit of an amount in {code} must be 0.")


def decimals(code: str) -> int:
    return 0 if code in ZERO_DECIMAL else 3 if code in THREE_DECIMAL else 2


def shown(amount: int, code: str) -> str:
    places = decimals(code)
    digits = f"{amount:0{places + 1}d}"
    return f"{digits[:-places]}.{digits[-places:]} {code}" if places else f"{digits} {code}"


def processing_fee(amount: int) -> int:
    """2.9 % and 30 units: an example of a fee, not anybody's price."""
    return amount * 29 // 1000 + 30


def dispute_fee(code: str) -> int:
    return DISPUTE_FEES.get(code, 1500)
