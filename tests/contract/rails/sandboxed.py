"""What the drivers of rails in the sandbox share."""

from datetime import UTC, datetime
from typing import Any

# A rail that says one in its own way overrides it; `busy` is always the own.
FAULTS: dict[str, dict[str, Any]] = {
    "lost": {"kind": "drop_after"},
    "never": {"kind": "drop"},
    "slow": {"kind": "timeout", "seconds": 1.5},
    "server_error": {"kind": "http_error", "work": True},
    "garbage": {"kind": "garbage"},
    "forged": {"kind": "bad_signature"},
}
CALLBACK_FAULTS = {
    "amount": "wrong_amount",
    "currency": "wrong_currency",
    "order": "other_order",
    "merchant": "wrong_merchant",
    "unsigned": "bad_signature",
}
QUICK = {"connect_seconds": 2.0, "read_seconds": 1.0, "total_seconds": 2.0, "pause_seconds": 0.01, "repeats": 0}


class Now:
    def now(self) -> datetime:
        return datetime.now(UTC)
