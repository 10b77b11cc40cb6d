"""WeChat Pay's keys by Wechatpay-Serial: configured ones, and platform certificates fetched when one is needed.

"下载平台证书" and "平台证书更新指引". What is fetched is believed because it was sealed with our APIv3 key, which
nobody but WeChat Pay has; because the answer is freshly signed by one of those certificates or by a key that is
known already, so that an old answer cannot be played again; and because each certificate is valid now.
"""

from __future__ import annotations

import re
import threading
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from paygate import budget
from paygate.adapters.rails import keys
from paygate.adapters.rails.exact_json import inner, read_object, text
from paygate.adapters.rails.wechat_pay.signing import Unverified, verify
from paygate.domain.errors import OutcomeUnknown

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from cryptography.x509 import Certificate

    from paygate.adapters.rails.http import HttpAnswer
    from paygate.adapters.rails.wechat_pay.settings import WechatPaySettings
    from paygate.adapters.rails.wechat_pay.transport import Transport
    from paygate.ports import Clock

PATH = "/v3/certificates"
PAUSE = timedelta(seconds=60)
"""Between two fetches of a process: anybody may send callbacks with serials that he made up."""

_SERIAL = re.compile(r"[0-9A-Fa-f]{8,40}", re.ASCII)  # a public key's id is no certificate's: fetching cannot help
_HTTP_OK = 200
_FETCH_SECONDS = 4.0  # for all tries: a callback must be answered within 5


@dataclass(frozen=True, slots=True)
class PlatformKey:
    key: RSAPublicKey
    since: datetime | None = None
    until: datetime | None = None

    def holds_at(self, at: datetime) -> bool:
        return (self.since is None or self.since <= at) and (self.until is None or at <= self.until)


class PlatformKeys:
    """Kept for as long as the process lives. Nothing is fetched before an unknown serial asks for it."""

    def __init__(
        self,
        settings: WechatPaySettings,
        transport: Transport,
        clock: Clock,
        opened: Callable[[dict[str, Any]], bytes],
    ) -> None:
        self._transport, self._clock, self._opened = transport, clock, opened
        self._configured = _certified(settings.platform_certificates)
        if settings.public_key_id and settings.public_key:
            self._configured[settings.public_key_id] = PlatformKey(settings.public_key)
        self._fetched: Mapping[str, PlatformKey] = {}
        self._tried_at: datetime | None = None
        self._lock = threading.Lock()

    def find(self, serial: str, at: datetime) -> RSAPublicKey | None:
        """The key of `serial`, if it is valid `at` then; raises OutcomeUnknown when it cannot be fetched."""
        known = self._known(serial, at)
        if known is not None or not _SERIAL.fullmatch(serial):
            return known
        serial = _plain(serial)
        with self._lock:
            if self._known(serial, at) is None and self._may_fetch():
                with budget.limit(_FETCH_SECONDS):
                    self._fetched = self._fetch()
        return self._known(serial, at)

    def _known(self, serial: str, at: datetime) -> RSAPublicKey | None:
        known = self._configured.get(serial) or self._fetched.get(serial)
        return known.key if known is not None and known.holds_at(at) else None

    def _may_fetch(self) -> bool:
        now = self._clock.now()
        if self._tried_at is not None and now - self._tried_at < PAUSE:
            return False
        self._tried_at = now
        return True

    def _fetch(self) -> Mapping[str, PlatformKey]:
        answer = self._transport.send("GET", PATH, is_repeatable=True)
        if answer.status != _HTTP_OK:  # 404 for who has a public key instead of certificates
            raise OutcomeUnknown(f"wechat pay gave no certificates: HTTP {answer.status}")
        try:
            found = self._read(answer)
            self._verify(answer, found)
        except ValueError:
            raise OutcomeUnknown("wechat pay's certificates cannot be read") from None
        except Unverified as unverified:
            raise OutcomeUnknown(f"wechat pay's certificates do not verify: {unverified}") from None
        return found

    def _read(self, answer: HttpAnswer) -> dict[str, PlatformKey]:
        listed = read_object(answer.body).get("data")
        if not isinstance(listed, list):
            raise ValueError("no list")  # noqa: TRY004  one kind of error for whatever came
        found: dict[str, PlatformKey] = {}
        for entry in listed:
            if not isinstance(entry, dict):
                raise ValueError("no certificate")  # noqa: TRY004
            pem = self._opened(inner(entry, "encrypt_certificate")).decode()
            certified = _certified(keys.certificates(pem))
            if list(certified) != [_plain(text(entry, "serial_no"))]:
                raise ValueError("another certificate than it says")
            found |= certified
        return found

    def _verify(self, answer: HttpAnswer, found: Mapping[str, PlatformKey]) -> None:
        now = self._clock.now()

        def find(serial: str) -> RSAPublicKey | None:
            brought = found.get(_plain(serial))
            if brought is not None and brought.holds_at(now):
                return brought.key
            return self._known(serial, now)

        verify(answer.headers, answer.body, now, find)


def _certified(certificates: tuple[Certificate, ...] | list[Certificate]) -> dict[str, PlatformKey]:
    """By serial."""
    found: dict[str, PlatformKey] = {}
    for certificate in certificates:
        key = certificate.public_key()
        if isinstance(key, RSAPublicKey) and key.key_size >= keys.LEAST_BITS:
            since, until = certificate.not_valid_before_utc, certificate.not_valid_after_utc
            found[f"{certificate.serial_number:X}"] = PlatformKey(key, since, until)
    return found


def _plain(serial: str) -> str:
    """Upper-case hexadecimal without zeros before it, however it was written."""
    return serial.lstrip("0").upper()
