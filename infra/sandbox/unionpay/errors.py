"""How the gateway says no.

Codes and texts: 《平台接入接口规范-第5部分-附录》, 应答码. The seven digits behind a text are shown where public
recordings of the test system have them; the others' are not known and left out.
"""

MESSAGES = {
    "00": "成功[0000000]",
    "01": "交易失败。详情请咨询95516",
    "02": "系统未开放或暂时关闭，请稍后再试",  # noqa: RUF001
    "03": "交易通讯超时，请发起查询交易",  # noqa: RUF001
    "04": "交易状态未明，请查询对账结果[8090001]",  # noqa: RUF001
    "05": "交易已受理，请稍后查询交易结果[6154037]",  # noqa: RUF001
    "10": "报文格式错误[6100030]",
    "11": "[9100004]Signature verification failed",
    "12": "重复交易",
    "13": "报文交易要素缺失",
    "34": "查无此交易[2600000]",
    "35": "原交易不存在或状态不正确[2011000]",
    "36": "与原交易信息不符",
    "39": "交易不在受理时间范围内",
    "64": "卡上的余额不足",
    "A6": "有缺陷的成功",
}


class Refused(Exception):
    """A refusal in the rail's words: an answer, signed, with this respCode."""

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(f"{code} {message(code)} {detail}".strip())
        self.code, self.detail = code, detail

    def body(self) -> dict[str, str]:
        return {"respCode": self.code, "respMsg": f"{message(self.code)}{self.detail}"}


class Unreadable(Exception):
    """What the original's web server turns away before the gateway sees it: a status and an unsigned text."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status, self.text = status, text


def message(code: str) -> str:
    return MESSAGES.get(code, "交易失败")
