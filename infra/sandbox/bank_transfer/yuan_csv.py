"""The account's movements as a Chinese bank's web page exports them: 建设银行's columns, GB18030, a sum at the end.

Modelled on what is publicly known of that export (docs/bank-statements.md, layout `ccb`), not on a live one. A
transfer that comes back stands in its own column with a minus (红字), and says 冲正.
"""

import csv
import io
from collections.abc import Iterable
from datetime import datetime

from infra.sandbox.bank_transfer.accounts import Account
from infra.sandbox.bank_transfer.books import texts
from infra.sandbox.bank_transfer.handwriting import NO_ID
from infra.sandbox.bank_transfer.numbers import money
from infra.sandbox.ledger import Row

ENCODING = "gb18030"
COLUMNS = (
    *("账号", "账户名称", "交易时间", "借方发生额/元(支取)", "贷方发生额/元(收入)", "余额", "币种", "对方户名"),
    *("对方账号", "对方开户机构", "记账日期", "摘要", "备注", "账户明细编号-交易流水号", "企业流水号", "凭证种类"),
    *("凭证号", "关联账户"),
)


def write(account: Account, movements: Iterable[tuple[Row, list[Row]]], balance: int) -> bytes:
    """What is booked, a row for each transaction: `balance` in fen is what was there before."""
    table = io.StringIO()
    out = csv.writer(table, lineterminator="\r\n")
    out.writerow(COLUMNS)
    paid_out = came_in = 0
    for entry, parts in movements:
        for part in parts:
            debit, credit = _columns(entry, part)
            balance += credit - debit
            paid_out, came_in = paid_out + debit, came_in + credit
            out.writerow(_row(account, entry, part, money(debit), money(credit), money(balance)))
    out.writerow(["合计", "", "", money(paid_out), money(came_in)])
    return table.getvalue().encode(ENCODING)


def _columns(entry: Row, part: Row) -> tuple[int, int]:
    """Debit and credit. What takes back is negative in the column of what it takes back."""
    is_in_credit = bool(entry["is_credit"]) is not bool(entry["is_reversal"])
    units = -part["amount"] if entry["is_reversal"] else part["amount"]
    return (0, units) if is_in_credit else (units, 0)


def _row(account: Account, entry: Row, part: Row, debit: str, credit: str, balance: str) -> list[str]:
    at = datetime.fromisoformat(entry["booked_at"])
    number = f"{entry['id']}-{part['own_id']}"
    words = [*texts(part), part["reference"], "" if part["end_to_end"] == NO_ID else part["end_to_end"]]
    note = " ".join(filter(None, words))
    summary = "冲正" if entry["is_reversal"] else "电子转账"
    return [
        *(account.number, account.name, f"{at:%Y%m%d %H:%M:%S}", debit, credit, balance, "人民币元"),
        *(part["other_name"], part["other_account"], "", f"{at:%Y%m%d}", summary, note, number, "", "", "", ""),
    ]
