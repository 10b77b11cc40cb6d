"""A chain's settings, read as every rail's are."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from paygate.adapters.chains.addresses.account import read_account
from paygate.adapters.chains.policy import FINAL, Policy, Tier, read_tiers, read_tolerance
from paygate.settings_reader import SettingsReader

if TYPE_CHECKING:
    from collections.abc import Callable

    from paygate.adapters.chains.addresses.account import AccountKey
    from paygate.adapters.chains.addresses.encoding import Encoding
    from paygate.domain.money import Asset

_T = TypeVar("_T")
_CONFIRMATIONS, _TOLERANCE = "_CONFIRMATIONS", "_TOLERANCE"


def policy_names(*methods: str) -> tuple[str, ...]:
    return tuple(method + ending for method in methods for ending in (_CONFIRMATIONS, _TOLERANCE))


class ChainReader(SettingsReader):
    """What chains need beside: nodes, accounts, addresses and policies."""

    def node(self, name: str) -> str:
        """Required. A URL is logged and shown where a password never is, so it holds none."""
        if not self.required(name):
            return ""
        url = self.url(name, "")
        if "@" in url.partition("//")[2].partition("/")[0]:
            self.faults.append(f"{name} must not hold a user or a password")
        return url

    def number(self, name: str, default: int) -> int:
        text = self.given.get(name, str(default))
        if not (text.isascii() and text.isdigit() and int(text) > 0):
            self.faults.append(f"{name} must be a whole number above zero")
            return default
        return int(text)

    def one_of(self, name: str, *words: str) -> str:
        """The first is the default."""
        word = self.given.get(name, words[0])
        if word not in words:
            self.faults.append(f"{name} must be {', '.join(words[:-1])} or {words[-1]}")
            return words[0]
        return word

    def account(self, name: str, versions: tuple[int, ...], path: str) -> AccountKey | None:
        """Required."""
        text = self.required(name)
        return self._read(name, lambda: read_account(text, versions, path)) if text else None

    def address(self, name: str, encoding: Encoding, default: str | None = None) -> str | None:
        """An address's key."""
        text = self.given.get(name)
        return self._read(name, lambda: encoding.key(text)) if text else default

    def policy(self, method: str, asset: Asset, default: str = FINAL, *, has_finality: bool = True) -> Policy:
        tiers, tolerance = method + _CONFIRMATIONS, method + _TOLERANCE
        confirmations, little = self.given.get(tiers, default), self.given.get(tolerance, "0")
        read = self._read(tiers, lambda: read_tiers(confirmations, asset, has_finality=has_finality))
        units = self._read(tolerance, lambda: read_tolerance(little, asset))
        return Policy(asset, read or (Tier(None, 1),), units or 0)

    def _read(self, name: str, read: Callable[[], _T]) -> _T | None:
        try:
            return read()
        except ValueError as wrong:
            self.faults.append(f"{name} {wrong}")
            return None
