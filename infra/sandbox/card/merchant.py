"""The merchant's account: its keys, made once.

Key prefixes: docs.stripe.com/keys ("API keys"); the signing secret's: docs.stripe.com/webhooks ("Verify").
"""

import json
import secrets
from dataclasses import dataclass
from pathlib import Path

from infra.sandbox import keys

FOLDER = "merchant"
API_VERSION = "2026-10-28.endive"


@dataclass(frozen=True)
class Merchant:
    account_id: str
    secret_key: str
    publishable_key: str
    webhook_secret: str


def provision(directory: Path, base_url: str = "") -> dict[str, str]:
    """Make the merchant once; return the settings under which a gateway knows it.

    CARD_API_URL is a path when there is no `base_url`; the `_FILE` settings are absolute paths of files that
    only their owner can read.
    """
    folder = Path(directory).resolve() / FOLDER
    keys.make_once(folder, _write_all)
    return {
        "CARD_API_URL": base_url.rstrip("/") + "/card",
        "CARD_SECRET_KEY_FILE": str(folder / "secret_key"),
        "CARD_PUBLISHABLE_KEY": (folder / "publishable_key").read_text(),
        "CARD_WEBHOOK_SECRETS_FILE": str(folder / "webhook_secret"),
        "CARD_API_VERSION": API_VERSION,
        "CARD_CAPTURE_METHOD": "automatic",
    }


def load(directory: Path) -> Merchant:
    folder = Path(directory) / FOLDER
    account_id = json.loads((folder / "merchant.json").read_text())["account_id"]
    names = ("secret_key", "publishable_key", "webhook_secret")
    return Merchant(account_id, *((folder / name).read_text() for name in names))


def _write_all(folder: Path) -> None:
    tail = token(14)
    (folder / "merchant.json").write_text(json.dumps({"account_id": f"acct_1{tail}"}))
    (folder / "publishable_key").write_text(f"pk_test_51{tail}{token(40)}")
    for name, value in (
        ("secret_key", f"sk_test_51{tail}{token(40)}"),
        ("webhook_secret", f"whsec_{token(32)}"),
    ):
        (folder / name).touch(mode=0o600)
        (folder / name).write_text(value)


def token(count: int) -> str:
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
    return "".join(secrets.choice(letters) for _ in range(count))
