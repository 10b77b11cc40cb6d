"""Signed requests, and the bytes that came back: nothing here is believed yet."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from paygate.adapters.rails.wechat_pay.signing import RequestSigner

if TYPE_CHECKING:
    from paygate.adapters.rails.http import HttpAnswer, RailHttp
    from paygate.adapters.rails.wechat_pay.settings import WechatPaySettings
    from paygate.ports import Clock


class Transport:
    """Sends as one merchant. The path that is signed begins at /v3: what stands before it is the address's."""

    def __init__(self, settings: WechatPaySettings, clock: Clock, http: RailHttp) -> None:
        self._base_url, self._clock, self._http = settings.base_url, clock, http
        self._signer = RequestSigner(settings.mch_id, settings.merchant_serial, settings.private_key)
        self._fixed = {
            "Accept": "application/json",
            "Content-Type": "application/json; charset=utf-8",
            "User-Agent": "paygate",
        }
        if settings.public_key_id:  # asks for answers signed with that key ("微信支付公钥")
            self._fixed["Wechatpay-Serial"] = settings.public_key_id

    def send(self, method: str, target: str, body: bytes = b"", *, is_repeatable: bool = False) -> HttpAnswer:
        """Raises OutcomeUnknown. Every repeat is signed anew, so that no nonce is used twice."""

        def headers() -> dict[str, str]:
            timestamp, nonce = int(self._clock.now().timestamp()), secrets.token_hex(16)
            signed = self._signer.authorization(method, target, body, timestamp, nonce)
            return {**self._fixed, "Authorization": signed}

        url = self._base_url + target
        return self._http.send(method, url, body=body or None, headers=headers, is_repeatable=is_repeatable)

    def pay_sign(self, *lines: str) -> str:
        return self._signer.of_lines(*lines)
