"""Signed requests to the gateway, and answers that are believed only when Alipay signed them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from paygate.adapters.rails.alipay.errors import failure, reason_of
from paygate.adapters.rails.alipay.signing import signed_text
from paygate.adapters.rails.alipay.wire import Envelope, open_envelope, shanghai
from paygate.adapters.rails.rsa import is_signed, sign
from paygate.domain.errors import OutcomeUnknown

if TYPE_CHECKING:
    from collections.abc import Mapping

    from paygate.adapters.rails.alipay.settings import AlipaySettings
    from paygate.adapters.rails.http import RailHttp
    from paygate.ports import Clock

_HTTP_OK = 200
_HEADERS = {"Content-Type": "application/x-www-form-urlencoded;charset=utf-8"}


class AlipayClient:
    """One application at one gateway."""

    def __init__(self, settings: AlipaySettings, clock: Clock, http: RailHttp) -> None:
        self._settings, self._clock, self._http = settings, clock, http

    def signed(self, method: str, biz: Mapping[str, Any], **urls: str | None) -> dict[str, str]:
        """All parameters of a request, `sign` last; `urls` are notify_url and return_url."""
        numbers = self._settings.certificate_numbers
        given = {
            "app_id": self._settings.app_id,
            "method": method,
            "format": "JSON",
            "charset": "utf-8",
            "sign_type": "RSA2",
            "timestamp": shanghai(self._clock.now()),
            "version": "1.0",
            "app_cert_sn": numbers.app if numbers else None,
            "alipay_root_cert_sn": numbers.root if numbers else None,
            "biz_content": json.dumps(biz, ensure_ascii=False, separators=(",", ":")),
            **urls,
        }
        params = {name: value for name, value in given.items() if value}
        return {**params, "sign": sign(self._settings.app_private_key, signed_text(params).encode())}

    def order_string(self, method: str, biz: Mapping[str, Any], **urls: str | None) -> str:
        """A signed request for the payer's app to hand over."""
        return urlencode(self.signed(method, biz, **urls))

    def url(self, method: str, biz: Mapping[str, Any], **urls: str | None) -> str:
        """A signed request for the payer's browser to make."""
        return f"{self._settings.gateway_url}?{self.order_string(method, biz, **urls)}"

    def call(
        self, method: str, biz: Mapping[str, Any], *, is_repeatable: bool = False, **urls: str | None
    ) -> dict[str, Any]:
        """Ask the gateway. Answers what a verified success says; raises RailDeclined or OutcomeUnknown.

        As Alipay's own SDK does, biz_content is the body and the rest the query, where `charset` is read first.
        """
        params = self.signed(method, biz, **urls)
        body = urlencode({"biz_content": params.pop("biz_content")}).encode("ascii")
        answer = self._http.send(
            "POST",
            f"{self._settings.gateway_url}?{urlencode(params)}",
            body=body,
            headers=_HEADERS,
            is_repeatable=is_repeatable,
        )
        if answer.status != _HTTP_OK:
            raise OutcomeUnknown(f"alipay answered HTTP {answer.status}")
        return self._believed(answer.body, method)

    def _believed(self, body: bytes, method: str) -> dict[str, Any]:
        """The content of an answer that Alipay signed, a failure raised.

        Alipay may leave a failure unsigned, when it does not know our key for one. Such an answer is unknown,
        not a refusal: whoever can strip a signature could otherwise free a refund's reserve or fail a payment
        that was taken. The error names the reason, so a wrong key is still found in the log.
        """
        try:
            envelope = open_envelope(body, method)
        except (ValueError, RecursionError):
            raise OutcomeUnknown("alipay's answer cannot be read") from None
        if not self._is_alipays(envelope):
            raise OutcomeUnknown(f"alipay's answer does not verify: {reason_of(envelope.content)}")
        error = failure(envelope.content)
        if error is not None:
            raise error
        return envelope.content

    def _is_alipays(self, envelope: Envelope) -> bool:
        numbers = self._settings.certificate_numbers
        if numbers and envelope.certificate_number != numbers.alipay:
            return False
        return is_signed(self._settings.alipay_public_key, envelope.signed, envelope.signature or "")
