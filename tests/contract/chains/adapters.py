"""What the adapters of these tests have besides a node."""

from paygate.adapters.chains.addresses.account import AccountKey
from paygate.adapters.rails.http import RailHttp

NO_ACCOUNT = AccountKey("", "", b"", b"")  # nothing is derived here


def http(max_bytes: int, *, is_patient: bool = True) -> RailHttp:
    """Asks once, and waits half a minute for an answer, or less than half a second."""
    connect, read, total = (5.0, 30.0, 60.0) if is_patient else (2.0, 0.4, 0.4)
    return RailHttp(connect, read, total, max_bytes, repeats=0)
