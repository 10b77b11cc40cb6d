"""Settings of one outside system, read once; what is wrong is collected by name, and no value is ever shown."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Mapping


class SettingsReader:
    """`given` are the system's own settings that are not blank, stripped; `faults` what is wrong so far."""

    def __init__(self, env: Mapping[str, str], names: tuple[str, ...]) -> None:
        self._env = env
        self.given = {name: env[name].strip() for name in names if env.get(name, "").strip()}
        self.faults: list[str] = []

    def required(self, name: str) -> str:
        value = self.given.get(name, "")
        if not value:
            self.faults.append(f"{name} is missing")
        return value

    def digits(self, name: str) -> str:
        value = self.required(name)
        if value and not (value.isascii() and value.isdigit()):
            self.faults.append(f"{name} must be digits only")
        return value

    def url(self, name: str, default: str) -> str:
        """Without a query; in production nothing but https."""
        url = self._env.get(name, "").strip() or default
        allowed = {"https"} if self._env.get("APP_ENV") == "production" else {"https", "http"}
        try:
            parts = urlsplit(url)
            is_fit = parts.scheme in allowed and bool(parts.hostname) and not (parts.query or parts.fragment)
        except ValueError:
            is_fit = False
        if not is_fit:
            self.faults.append(f"{name} must be an {' or '.join(sorted(allowed))} URL without a query")
        return url
