"""What a node refuses, in java-tron's words (api.proto, Return.response_code; Wallet.broadcastTransaction)."""

CODES = {
    "SIGERROR": "Validate signature error: {}",
    "CONTRACT_VALIDATE_ERROR": "Contract validate error : {}",
    "BANDWITH_ERROR": "Account resource insufficient error.",
    "DUP_TRANSACTION_ERROR": "Dup transaction.",
    "TAPOS_ERROR": "Tapos check error.",
    "TOO_BIG_TRANSACTION_ERROR": "{}",
    "TRANSACTION_EXPIRATION_ERROR": "Transaction expired",
    "OTHER_ERROR": "Error: {}",
}


class Refused(Exception):
    """A transaction is not taken."""

    def __init__(self, code: str, reason: str = "", message: str | None = None) -> None:
        super().__init__(reason or code)
        self.code, self.reason = code, reason
        self.message = CODES[code].format(reason) if message is None else message


class NodeError(Exception):
    """A call that fails: HTTP 200 and {"Error": "class … : …"}."""

    status = 200

    def __init__(self, reason: str, kind: str = "java.lang.IllegalArgumentException") -> None:
        super().__init__(reason)
        self.kind, self.reason = kind, reason

    @property
    def body(self) -> dict[str, object]:
        return {"Error": f"class {self.kind} : {self.reason}" if self.kind else self.reason}


class GridError(NodeError):
    """The same at TronGrid's lists."""

    status = 400

    @property
    def body(self) -> dict[str, object]:
        return {"success": False, "error": self.reason, "statusCode": self.status}
