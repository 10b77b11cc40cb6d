"""The merchant's two accounts at the simulated bank, made once, with numbers that no other stack has."""

import json
import secrets
from dataclasses import asdict, dataclass
from pathlib import Path

FILE = "accounts.json"
BANK_CODE = "10010010"
BIC = "PBNKDEFFXXX"


@dataclass(frozen=True)
class Accounts:
    iban: str
    number: str
    name: str = "Teehaus Example GmbH"
    chinese_name: str = "示例茶业有限公司"
    chinese_bank: str = "示例银行上海分行"

    def currency_of(self, number: str) -> str | None:
        return {self.iban: "EUR", self.number: "CNY"}.get(number)

    def number_of(self, currency: str) -> str:
        return {"EUR": self.iban, "CNY": self.number}[currency]


def iban(country: str, national: str) -> str:
    """ISO 13616: check digits over the national number, the country and two zeros, modulo 97."""
    digits = "".join(str(int(sign, 36)) for sign in f"{national}{country}00")
    return f"{country}{98 - int(digits) % 97:02d}{national}"


def load(directory: Path) -> Accounts:
    path = directory / FILE
    if not path.exists():
        directory.mkdir(parents=True, exist_ok=True)
        own = Accounts(
            iban=iban("DE", f"{BANK_CODE}{secrets.randbelow(10**10):010d}"),
            number=f"6222{secrets.randbelow(10**15):015d}",
        )
        path.write_text(json.dumps(asdict(own)), encoding="utf-8")
    return Accounts(**json.loads(path.read_text(encoding="utf-8")))


def provision(directory: Path, base_url: str = "") -> dict[str, str]:
    """Settings by name. A bank has no address that we call."""
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
