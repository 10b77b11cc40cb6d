"""Response codes (《平台接入接口规范-第5部分-附录》, 应答码): respCode of what was just asked, origRespCode of the
transaction that a query is about.
"""

SUCCESS = "00"
FLAWED = "A6"
"""有缺陷的成功. The rail's samples count it as a success beside 00, and no public text says what the flaw may be:
it is neither taken for money nor for a failure, an operator looks at it.
"""
DUPLICATE = "12"
UNKNOWN_ORDER = "34"
CLOSED_TO_ORDERS = "39"  # 交易不在受理时间范围内

UNDER_WAY = frozenset({"03", "04", "05", "70", "83"})
"""Timed out, unclear, accepted; waits for the payer's input (70) or the bank (83): a query tells later."""

UNDECIDED = UNDER_WAY | {"02", "06", "37", "99"}
"""What an answer may say without having refused for good: 02, 06 and 37 ask for patience, 99 gives no reason.

One of the rail's samples lets a query tell after 01, 12, 34 and 60 as well: so voids and refunds here are asked
about after any refusal.
"""
