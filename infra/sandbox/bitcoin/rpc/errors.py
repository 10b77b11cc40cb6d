class RpcError(Exception):
    """A number of bitcoin/src/rpc/protocol.h, and Core's words."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(f"{message} ({code})")
        self.code, self.message = code, message


MISC, TYPE, WALLET, NOT_FOUND, INSUFFICIENT, PARAMETER = -1, -3, -4, -5, -6, -8
NO_WALLET, MANY_WALLETS, DESERIALIZATION, VERIFY, REJECTED, ALREADY_THERE, WARMING_UP = (
    -18,
    -19,
    -22,
    -25,
    -26,
    -27,
    -28,
)
WALLET_LOADED = -35
INVALID_REQUEST, METHOD_NOT_FOUND, PARSE = -32600, -32601, -32700
