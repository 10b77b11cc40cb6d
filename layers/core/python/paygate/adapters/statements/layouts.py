"""CSV layouts by bank, as data. docs/bank-statements.md describes each in a user's words.

`paygate` is our own. `sparkasse` is the German savings banks' export "CSV-CAMT V2". The Chinese layouts are
modelled on what is publicly known of the banks' exports for companies, and are unverified against a live bank: each
is taken only when a header row has the very names below.
"""

from __future__ import annotations

from dataclasses import dataclass

Names = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Layout:
    """Where a bank's CSV says what. A column is given by names that it may have; the first that is there counts.

    `amount` is signed, or has `direction` beside it (the words for a credit and a debit); or `credit` and `debit`
    are columns of their own. `account` may stand in a column, or before the table behind one of `account_labels`.
    `reversal_words` in a `reversal` column mark what takes back, or came back; what has another `status` than
    `booked_words` is not booked. `marks` tell equal movements apart where the bank gives no id. A row whose first
    cell begins with one of `footers` is not a movement.
    """

    name: str
    encodings: Names  # tried in this order
    booked_on: Names
    texts: Names
    delimiters: str = ",;\t"
    dates: str = "ymd"
    decimal_sign: str = "."
    amount: Names = ()
    credit: Names = ()
    debit: Names = ()
    direction: Names = ()
    credit_words: Names = ()
    debit_words: Names = ()
    value_on: Names = ()
    currency: Names = ()
    default_currency: str | None = None
    account: Names = ()
    account_labels: Names = ()
    bank_id: Names = ()
    structured: Names = ()
    end_to_end: Names = ()
    notes: Names = ()
    marks: Names = ()
    payer_name: Names = ()
    payer_account: Names = ()
    payee_name: Names = ()
    payee_account: Names = ()
    status: Names = ()
    booked_words: Names = ()
    reversal: Names = ()
    reversal_words: Names = ()
    footers: Names = ()

    def required(self) -> tuple[Names, ...]:
        """The columns that a header row must have for this layout to be meant."""
        sums = (self.amount,) if self.amount else (self.credit, self.debit)
        return tuple(names for names in (self.booked_on, *sums, self.direction, self.texts) if names)


_CHINESE = ("utf-16", "utf-8", "gb18030")
_FOOTERS = ("合计", "总计", "小计", "本页", "期初", "期末", "承前", "过次", "总笔数", "总收入", "总支出")
_TAKEN_BACK = ("冲正", "冲账", "冲销", "抹账", "退汇", "退票")

PAYGATE = Layout(
    name="paygate",
    encodings=("utf-16", "utf-8"),
    booked_on=("booked_on",),
    value_on=("value_on",),
    amount=("amount",),
    currency=("currency",),
    account=("account",),
    bank_id=("bank_id",),
    structured=("reference",),
    texts=("text",),
    end_to_end=("end_to_end_id",),
    payer_name=("counterparty_name",),
    payer_account=("counterparty_account",),
    payee_name=("counterparty_name",),
    payee_account=("counterparty_account",),
    status=("status",),
    booked_words=("BOOKED",),
    reversal=("is_reversal",),
    reversal_words=("true", "yes", "1"),
)

SPARKASSE = Layout(
    name="sparkasse",
    encodings=("utf-8", "windows-1252"),
    dates="dmy",
    decimal_sign=",",
    booked_on=("Buchungstag",),
    value_on=("Valutadatum",),
    amount=("Betrag",),
    currency=("Waehrung", "Währung"),
    account=("Auftragskonto",),
    texts=("Verwendungszweck",),
    end_to_end=("Kundenreferenz",),
    notes=("Sammlerreferenz",),
    payer_name=("Beguenstigter/Zahlungspflichtiger", "Begünstigter/Zahlungspflichtiger"),
    payer_account=("Kontonummer/IBAN",),
    payee_name=("Beguenstigter/Zahlungspflichtiger", "Begünstigter/Zahlungspflichtiger"),
    payee_account=("Kontonummer/IBAN",),
    status=("Info",),
    booked_words=("gebucht",),
    reversal=("Buchungstext",),
    reversal_words=(
        "STORNO",
        "RUECKUEBERWEISUNG",
        "RÜCKÜBERWEISUNG",
        "RUECKLASTSCHRIFT",
        "RÜCKLASTSCHRIFT",
        "RETOURE",
    ),
)

ICBC = Layout(
    name="icbc",
    encodings=_CHINESE,
    booked_on=("交易时间", "入账日期"),
    credit=("贷方发生额",),
    debit=("借方发生额",),
    default_currency="CNY",
    account=("本方账号",),
    texts=("用途",),
    notes=("摘要", "个性化信息", "附言"),
    marks=("交易时间", "余额"),
    payer_name=("对方单位名称", "对方单位"),
    payer_account=("对方账号",),
    payee_name=("对方单位名称", "对方单位"),
    payee_account=("对方账号",),
    reversal=("摘要",),
    reversal_words=_TAKEN_BACK,
    footers=_FOOTERS,
)

CCB = Layout(
    name="ccb",
    encodings=_CHINESE,
    booked_on=("记账日期", "交易时间"),
    credit=("贷方发生额/元", "贷方发生额"),
    debit=("借方发生额/元", "借方发生额"),
    currency=("币种",),
    default_currency="CNY",
    account=("账号",),
    account_labels=("账号", "账户"),
    bank_id=("账户明细编号-交易流水号",),
    texts=("备注",),
    notes=("摘要",),
    marks=("交易时间", "余额"),
    payer_name=("对方户名",),
    payer_account=("对方账号",),
    payee_name=("对方户名",),
    payee_account=("对方账号",),
    reversal=("摘要",),
    reversal_words=_TAKEN_BACK,
    footers=_FOOTERS,
)

CMB = Layout(
    name="cmb",
    encodings=_CHINESE,
    booked_on=("交易日",),
    value_on=("起息日",),
    credit=("贷方金额",),
    debit=("借方金额",),
    currency=("币种",),
    default_currency="CNY",
    account=("账号",),
    account_labels=("账号",),
    bank_id=("流水号",),
    texts=("摘要",),
    notes=("用途", "业务摘要", "其它摘要", "扩展摘要", "业务参考号"),
    marks=("交易时间", "余额"),
    payer_name=("收/付方名称",),
    payer_account=("收/付方账号", "收/付方帐号"),
    payee_name=("收/付方名称",),
    payee_account=("收/付方账号", "收/付方帐号"),
    reversal=("冲账标志",),
    reversal_words=("Y", "是", "*", "冲"),
    footers=_FOOTERS,
)

ABC = Layout(
    name="abc",
    encodings=_CHINESE,
    booked_on=("交易时间", "交易时间戳", "交易日期"),
    credit=("收入金额",),
    debit=("支出金额",),
    default_currency="CNY",
    account_labels=("账号", "账户"),
    texts=("交易用途", "交易附言"),
    notes=("交易摘要", "交易说明"),
    marks=("交易时间", "交易时间戳", "账户余额", "本次余额"),
    payer_name=("对方户名",),
    payer_account=("对方账号",),
    payee_name=("对方户名",),
    payee_account=("对方账号",),
    reversal=("交易摘要",),
    reversal_words=_TAKEN_BACK,
    footers=_FOOTERS,
)

BOC = Layout(
    name="boc",
    encodings=_CHINESE,
    booked_on=("交易日期",),
    value_on=("起息日期",),
    amount=("交易金额",),
    direction=("交易类型",),
    credit_words=("来账",),
    debit_words=("往账",),
    currency=("交易货币",),
    account_labels=("查询账号",),
    bank_id=("交易流水号",),
    texts=("附言",),
    notes=("用途", "摘要", "备注"),
    marks=("交易时间", "交易后余额"),
    payer_name=("付款人名称",),
    payer_account=("付款人账号",),
    payee_name=("收款人名称",),
    payee_account=("收款人账号",),
    reversal=("摘要",),
    reversal_words=_TAKEN_BACK,
    footers=_FOOTERS,
)

LAYOUTS = (PAYGATE, SPARKASSE, ICBC, CCB, CMB, ABC, BOC)
