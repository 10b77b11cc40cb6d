"""The card processor's settings, read once and checked together."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from paygate.adapters.rails.reader import SettingsReader
from paygate.faults import SettingsFaults

if TYPE_CHECKING:
    from collections.abc import Mapping

API_URL = "https://api.stripe.com"
API_VERSION = "2026-10-28.endive"  # what requests and answers here are written for
AUTOMATIC, MANUAL = "automatic", "manual"
_OURS = ("CARD_SECRET_KEY", "CARD_PUBLISHABLE_KEY", "CARD_WEBHOOK_SECRETS")
NAMES = ("CARD_API_URL", *_OURS, "CARD_API_VERSION", "CARD_CAPTURE_METHOD")
# docs.stripe.com/keys: sk_ is a secret key, rk_ a restricted one, pk_ what a browser may know.
_SECRET_KEY = re.compile(r"[sr]k_(live|test)_[A-Za-z0-9_]{5,}", re.ASCII)
_PUBLISHABLE_KEY = re.compile(r"pk_(live|test)_[A-Za-z0-9_]{5,}", re.ASCII)
_WEBHOOK_SECRET = re.compile(r"whsec_[\x21-\x7e]{8,}", re.ASCII)
_VERSION = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(\.[a-z]+)?", re.ASCII)


@dataclass(frozen=True, slots=True)
class CardSettings:
    """`webhook_secrets` are all that are live: two while one replaces the other. `is_live`: real money."""

    api_url: str
    api_version: str
    publishable_key: str
    capture_method: str
    is_live: bool
    secret_key: str = field(repr=False)
    webhook_secrets: tuple[str, ...] = field(repr=False)


def read(env: Mapping[str, str]) -> CardSettings | None:
    """None when the processor is not configured; raises SettingsFaults with everything that is wrong."""
    reader = SettingsReader(env, _OURS)
    if not reader.given:
        return None
    secret = _like(reader, "CARD_SECRET_KEY", _SECRET_KEY, "a secret key (sk_…) or a restricted one (rk_…)")
    publishable = _like(reader, "CARD_PUBLISHABLE_KEY", _PUBLISHABLE_KEY, "a publishable key (pk_…)")
    if secret and publishable and secret[1] != publishable[1]:
        reader.faults.append("CARD_SECRET_KEY and CARD_PUBLISHABLE_KEY are of different modes, live and test")
    version = env.get("CARD_API_VERSION", "").strip() or API_VERSION
    if not _VERSION.fullmatch(version):
        reader.faults.append("CARD_API_VERSION must be a version such as 2026-10-28.endive")
    capture_method = env.get("CARD_CAPTURE_METHOD", "").strip() or AUTOMATIC
    if capture_method not in (AUTOMATIC, MANUAL):
        reader.faults.append(f"CARD_CAPTURE_METHOD must be {AUTOMATIC} or {MANUAL}")
    url, webhook_secrets = reader.url("CARD_API_URL", API_URL), _webhook_secrets(reader)
    if reader.faults or secret is None or publishable is None:
        raise SettingsFaults(tuple(reader.faults))
    return CardSettings(
        api_url=url.rstrip("/"),
        api_version=version,
        publishable_key=publishable[0],
        capture_method=capture_method,
        is_live=secret[1] == "live",
        secret_key=secret[0],
        webhook_secrets=webhook_secrets,
    )


def _like(reader: SettingsReader, name: str, pattern: re.Pattern[str], what: str) -> re.Match[str] | None:
    value = reader.required(name)
    found = pattern.fullmatch(value)
    if value and found is None:
        reader.faults.append(f"{name} must be {what}")
    return found


def _webhook_secrets(reader: SettingsReader) -> tuple[str, ...]:
    text = reader.required("CARD_WEBHOOK_SECRETS")
    secrets = tuple(part.strip() for part in text.split(",") if part.strip())
    if text and not (secrets and all(map(_WEBHOOK_SECRET.fullmatch, secrets))):
        reader.faults.append("CARD_WEBHOOK_SECRETS must be signing secrets (whsec_…), several separated by commas")
    return secrets
