"""RSA2: SHA256withRSA over `name=value` pairs (opendocs.alipay.com, "签名" and "验签")."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


def signed_text(params: Mapping[str, str]) -> str:
    """What a request is signed over: all that is not empty, by name, `sign_type` included."""
    return "&".join(f"{name}={params[name]}" for name in sorted(params) if params[name] and name != "sign")
