class ApiError(Exception):
    """An answer that is no success: HTTP status, code and message, as the original gives them.

    "HTTP状态码" and each interface's own table of error codes; `detail` comes with PARAM_ERROR and SIGN_ERROR.
    """

    def __init__(self, status: int, code: str, message: str, detail: dict[str, object] | None = None) -> None:
        super().__init__(f"{status} {code}")
        self.status, self.code, self.message, self.detail = status, code, message, detail

    def body(self) -> dict[str, object]:
        body: dict[str, object] = {"code": self.code, "message": self.message}
        return body | ({"detail": self.detail} if self.detail else {})


BUSINESS = {
    "APPID_MCHID_NOT_MATCH": (400, "商户号和appid没有绑定关系"),
    "FREQUENCY_LIMITED": (429, "请求频率超限,请降低请求频率"),
    "INVALID_REQUEST": (400, "请求重入时,参数与首次请求时不一致"),
    "MCH_NOT_EXISTS": (400, "商户号不存在"),
    "NOT_ENOUGH": (403, "基本账户余额不足,请充值后重新发起"),
    "NO_AUTH": (403, "商户无权限"),
    # Not in the tables, but what an order that was paid is answered with, by many accounts.
    "ORDERPAID": (400, "该订单已支付"),
    "ORDER_CLOSED": (400, "该订单已关闭"),
    "ORDER_NOT_EXIST": (404, "订单不存在"),
    "OUT_TRADE_NO_USED": (403, "商户订单号重复"),
    "RATELIMIT_EXCEEDED": (429, "请求频率超限"),
    "RESOURCE_NOT_EXISTS": (404, "订单不存在"),
    "RULE_LIMIT": (403, "业务规则限制"),
    "SERVICE_UNAVAILABLE": (503, "服务不可用"),
    "SYSTEM_ERROR": (500, "系统异常,请稍后重试"),
    "USER_ACCOUNT_ABNORMAL": (403, "用户账户异常或已注销"),
}


def refused(code: str, message: str = "") -> ApiError:
    status, usual = BUSINESS.get(code, (400, code))
    return ApiError(status, code, message or usual)


def invalid(pointer: str, why: str, value: object = "", location: str = "body") -> ApiError:
    """PARAM_ERROR for one field; `pointer` is `/amount/total` in a body, a name elsewhere."""
    message = f"输入源“/{location}{pointer}”映射到值字段规则校验失败,{why}"
    return ApiError(400, "PARAM_ERROR", message, {"field": pointer, "value": value, "location": location})


def other_merchant(pointer: str, location: str = "body") -> ApiError:
    """The request names another merchant than signs. Its code at the original is a guess."""
    message = "商户号与签名使用的商户号不一致"
    return ApiError(400, "PARAM_ERROR", message, {"field": pointer, "location": location})


def unsigned(message: str, detail: dict[str, object] | None = None) -> ApiError:
    return ApiError(401, "SIGN_ERROR", message, detail)
