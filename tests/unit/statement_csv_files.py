# ruff: noqa: E501, RUF001 - as banks write them
"""CSV exports of our own making, in the layouts of banks."""

from paygate.domain.bank_reference import memo_code
from tests.unit.statement_files import IBAN, PAYER

CODE = memo_code("7K2M9QXR4T")
PAYGATE = f"""account,booked_on,value_on,amount,currency,reference,text,end_to_end_id,counterparty_name,counterparty_account,bank_id,status,is_reversal
{IBAN},2026-11-20,2026-11-21,1234.50,EUR,RF18539007547034,"Invoice 7,
thanks",E-1,A Payer,{PAYER},B-1,BOOKED,false
{IBAN},2026-11-20,,-10,EUR,,Fee,,,,B-2,,
{IBAN},2026-11-20,,10,EUR,,x,,,,B-3,PENDING,
{IBAN},2026-11-20,,10,EUR,,x,,,,B-4,,true
"""
CHINESE = {
    "icbc": (
        "[HISTORYDETAIL]\n"
        "凭证号,本方账号,对方账号,交易时间,借/贷,借方发生额,贷方发生额,对方行号,摘要,用途,对方单位名称,余额,个性化信息\n"
        f'0,0200 0000 0900 0000 001,`6222000000000000001,2026-11-20 10:11:12,贷,0.00,"1,234.50",102,汇款,货款{CODE},甲公司,9,\n'
        "0,0200000009000000001,6222000000000000001,2026-11-20 10:12:00,借,10.00,0.00,102,手续费,,银行,9,\n"
        "0,0200000009000000001,6222000000000000001,2026-11-20 10:13:00,贷,,5.00,102,冲正,,甲公司,9,\n"
        "合计,,,,,10.00,1239.50,,,,,,\n"
    ),
    "ccb": (
        "账号,账户名称,交易时间,借方发生额（支取）,贷方发生额（收入）,余额,币种,对方户名,对方账号,对方开户机构,记账日期,摘要,备注,"
        "账户明细编号-交易流水号,企业流水号,凭证种类,凭证号,关联账户\n"
        f"0200000009000000001\t,我司,20261120 10:11:12,0,1234.50,9,人民币元,甲公司,6222000000000000001\t,行,20261120,转账,{CODE},1-77,,,,\n"
        "0200000009000000001\t,我司,20261120 10:12:12,10,0,9,人民币元,银行,\t,行,20261120,手续费,,1-78,,,,\n"
        "0200000009000000001\t,我司,20261120 10:13:12,-5,0,9,人民币元,甲公司,6222000000000000001\t,行,20261120,转账,,1-79,,,,\n"
    ),
    "cmb": (
        "# 招商银行\n\n"
        "账号,账号名称,币种,交易日,交易时间,起息日,交易类型,借方金额,贷方金额,余额,摘要,流水号,收/付方名称,收/付方账号,冲账标志\n"
        f"'0200000009000000001,我司,人民币,2026/11/20,10:11:12,2026/11/20,转账,,\"１，２３４．５０\",9,{CODE.lower()},K77,甲公司,'6222000000000000001,\n"
        "'0200000009000000001,我司,人民币,2026/11/20,10:12:12,2026/11/20,费,10.00,,9,手续费,K78,银行,,\n"
        "'0200000009000000001,我司,人民币,2026/11/20,10:13:12,2026/11/20,转账,,5.00,9,x,K79,甲公司,'6222000000000000001,Y\n"
    ),
    "abc": (
        "账号：0200000009000000001,户名：我司,,,,,,,\n"
        "交易时间,收入金额,支出金额,账户余额,交易行名,对方省市,对方账号,对方户名,交易用途,交易摘要\n"
        f'2026-11-20 10:11:12,"1,234.50",,9,行,省,="6222000000000000001",甲公司,{CODE[:5]} {CODE[5:]},转账\n'
        "2026-11-20 10:12:12,,10.00,9,行,省,,银行,手续费,费\n"
        "2026-11-20 10:13:12,5.00,--,9,行,省,6222000000000000001,甲公司,,退汇\n"
        "合计,1239.50,10.00,,,,,,,\n"
    ),
    "boc": (
        "查询账号[ Inquirer account number ],0200000009000000001\n\n"
        "交易类型[ Transaction Type ],付款人账号[ Debit Account No. ],付款人名称[ Payer's Name ],收款人账号[ Payee's Account Number ],"
        "收款人名称[ Payee's Name ],交易日期[ Transaction Date ],交易货币[ Trade Currency ],交易金额[ Trade Amount ],"
        "交易流水号[ Transaction reference number ],用途[ Purpose ],摘要[ Reference ],附言[ Remark ]\n"
        f"来账,6222000000000000001,甲公司,0200000009000000001,我司,20261120,CNY,1234.50,S77,货款,,{CODE}\n"
        "往账,0200000009000000001,我司,6222000000000000009,银行,20261120,CNY,-10.00,S78,,手续费,\n"
        "来账,6222000000000000001,甲公司,0200000009000000001,我司,20261120,CNY,5.00,S79,,退汇,\n"
    ),
}
SPARKASSE = (
    '"Auftragskonto";"Buchungstag";"Valutadatum";"Buchungstext";"Verwendungszweck";"Glaeubiger ID";"Mandatsreferenz";'
    '"Kundenreferenz (End-to-End)";"Sammlerreferenz";"Lastschrift Ursprungsbetrag";"Auslagenersatz Ruecklastschrift";'
    '"Beguenstigter/Zahlungspflichtiger";"Kontonummer/IBAN";"BIC (SWIFT-Code)";"Betrag";"Waehrung";"Info"\n'
    f'"{IBAN}";"20.11.26";"21.11.26";"GUTSCHR. UEBERWEISUNG";"RF18 5390 0754 7034";"";"";"NOTPROVIDED";"";"";"";'
    f'"Jörg Groß";"{PAYER}";"X";"1.234,50";"EUR";"Umsatz gebucht"\n'
    f'"{IBAN}";"20.11.26";"";"ENTGELT";"";"";"";"";"";"";"";"";"";"";"-10,00";"EUR";"Umsatz gebucht"\n'
    f'"{IBAN}";"20.11.26";"";"GUTSCHR.";"";"";"";"";"";"";"";"";"";"";"5,00";"EUR";"Umsatz vorgemerkt"\n'
    f'"{IBAN}";"20.11.26";"";"RUECKUEBERWEISUNG";"";"";"";"";"";"";"";"";"";"";"5,00";"EUR";"Umsatz gebucht"\n'
)
