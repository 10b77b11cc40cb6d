class BankError(Exception):
    """Why a bank does not take an order. Codes are of ISO 20022's list of reasons (ExternalStatusReason1Code)."""

    def __init__(self, code: str, why: str, status: int = 409) -> None:
        super().__init__(why)
        self.code, self.why, self.status = code, why, status

    def body(self) -> dict[str, str]:
        return {"code": self.code, "error": self.why}


def missing(what: str) -> BankError:
    return BankError("NOTFOUND", f"there is no such {what}", 404)
