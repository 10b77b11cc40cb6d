"""The merchant's two accounts at the simulated bank, made once, with numbers that no other stack has.

None of them can be anybody's: German bank codes never begin with 9, and a BIC with 0 in its eighth place is for
tests (ISO 9362). Whoever scans a demo's QR code with a real banking app cannot send money anywhere.
"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from infra.sandbox.bank_transfer.numbers import iban
from infra.sandbox.keys import digits, make_once

BANK_CODE = "99010010"
BIC = "PGBKDEF0XXX"
YUAN_PREFIX = "1001"  # as accounts of companies begin; those of cards, with 62, would look like cards' numbers


@dataclass(frozen=True)
class Account:
    number: str
    currency: str
    name: str
    bank: str


@dataclass(frozen=True)
class Accounts:
    iban: str
    number: str
    name: str = "Teehaus Beispiel GmbH"
    chinese_name: str = "示例茶业有限公司"
    bank: str = "Paygate Sandbox Bank"
    chinese_bank: str = "示例银行上海分行"

    def all(self) -> tuple[Account, Account]:
        return (
            Account(self.iban, "EUR", self.name, self.bank),
            Account(self.number, "CNY", self.chinese_name, self.chinese_bank),
        )


def load(directory: Path) -> Accounts:
    folder = directory / "accounts"
    make_once(folder, _write)
    return Accounts(**json.loads((folder / "merchant.json").read_text(encoding="utf-8")))


def _write(folder: Path) -> None:
    own = Accounts(iban=iban("DE", BANK_CODE + digits(10)), number=YUAN_PREFIX + digits(15))
    (folder / "merchant.json").write_text(json.dumps(asdict(own)), encoding="utf-8")


def provision(directory: Path, base_url: str = "") -> dict[str, str]:
    """Settings by name. A bank has no address that a merchant calls."""
    del base_url
    own = load(Path(directory))
    return {
        "BANK_EUR_ACCOUNT_NAME": own.name,
        "BANK_EUR_IBAN": own.iban,
        "BANK_EUR_BIC": BIC,
        "BANK_CNY_ACCOUNT_NAME": own.chinese_name,
        "BANK_CNY_ACCOUNT_NUMBER": own.number,
        "BANK_CNY_BANK_NAME": own.chinese_bank,
    }
