class GatewayError(Exception):
    """An answer other than 10000: code, msg, sub_code and sub_msg as the original gives them.

    Codes: opendocs.alipay.com, "公共错误码"; sub codes ACQ.*: each method's page, "业务错误码".
    """

    def __init__(self, code: str, sub_code: str, sub_msg: str) -> None:
        super().__init__(f"{code} {sub_code}")
        self.code, self.sub_code, self.sub_msg = code, sub_code, sub_msg

    def body(self) -> dict[str, str]:
        return {
            "code": self.code,
            "msg": MESSAGES[self.code],
            "sub_code": self.sub_code,
            "sub_msg": self.sub_msg,
        }


MESSAGES = {
    "20000": "Service Currently Unavailable",
    "40001": "Missing Required Arguments",
    "40002": "Invalid Arguments",
    "40004": "Business Failed",
}

BUSINESS = {
    "CONTEXT_INCONSISTENT": "交易信息被篡改",
    "DISCORDANT_REPEAT_REQUEST": "不一致的请求",
    "INVALID_PARAMETER": "参数无效",
    "NOW_TIME_AFTER_EXPIRE_TIME_ERROR": "超时时间设置不对",
    "REASON_TRADE_REFUND_FEE_ERR": "退款金额无效",
    "REFUND_AMT_NOT_EQUAL_TOTAL": "撤销或退款金额与订单金额不一致",
    "SYSTEM_ERROR": "系统错误",
    "TOTAL_FEE_EXCEED": "订单总金额不在允许范围内",
    "TRADE_CANCEL_TIME_OUT": "超过撤销时间范围",
    "TRADE_HAS_CLOSE": "交易已经关闭",
    "TRADE_HAS_FINISHED": "交易已完结",
    "TRADE_HAS_SUCCESS": "交易已被支付",
    "TRADE_NOT_EXIST": "交易不存在",
    "TRADE_STATUS_ERROR": "交易状态不合法",
}


def missing(name: str) -> GatewayError:
    return GatewayError("40001", f"isv.missing-{name}", f"缺少参数: {name}")


def invalid(name: str, sub_msg: str | None = None) -> GatewayError:
    return GatewayError("40002", f"isv.{name}", sub_msg or f"参数无效: {name}")


def refused(reason: str, detail: str = "") -> GatewayError:
    return GatewayError("40004", f"ACQ.{reason}", detail or BUSINESS[reason])


def unknown_error() -> GatewayError:
    return GatewayError("20000", "isp.unknow-error", "系统繁忙")
