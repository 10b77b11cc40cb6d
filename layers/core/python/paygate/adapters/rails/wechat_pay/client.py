"""Calls of the API, and answers that are believed only when WeChat Pay signed them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from paygate.adapters.rails.exact_json import read_object
from paygate.adapters.rails.wechat_pay.errors import failure
from paygate.adapters.rails.wechat_pay.signing import Unverified, verify
from paygate.domain.errors import OutcomeUnknown

if TYPE_CHECKING:
    from collections.abc import Mapping

    from paygate.adapters.rails.http import HttpAnswer
    from paygate.adapters.rails.wechat_pay.certificates import PlatformKeys
    from paygate.adapters.rails.wechat_pay.transport import Transport
    from paygate.ports import Clock

_HTTP_SUCCESS = frozenset({200, 201, 202, 204})


class WechatPayClient:
    def __init__(self, transport: Transport, keys: PlatformKeys, clock: Clock) -> None:
        self._transport, self._keys, self._clock = transport, keys, clock

    def get(self, target: str) -> dict[str, Any]:
        return self._believed(self._transport.send("GET", target, is_repeatable=True))

    def post(self, target: str, content: Mapping[str, Any]) -> dict[str, Any]:
        """What a verified success says, {} for a 204; raises RailDeclined or OutcomeUnknown."""
        body = json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
        return self._believed(self._transport.send("POST", target, body))

    def _believed(self, answer: HttpAnswer) -> dict[str, Any]:
        """A success must be signed. So must a refusal that has a signature at all.

        Refusals may come without one: when our own signature is not taken (SIGN_ERROR), and when a field is
        found wrong before that is looked at. They are told apart from a stranger's by TLS alone, and therefore
        free no refund's reserve before WeChat Pay was asked about that refund (`WechatPayRail.refund`).
        """
        is_success = answer.status in _HTTP_SUCCESS
        if is_success or "wechatpay-signature" in answer.headers:
            self._verify(answer)
        content = _content(answer)
        if not is_success:
            raise failure(answer.status, content)
        return content

    def _verify(self, answer: HttpAnswer) -> None:
        now = self._clock.now()
        try:
            verify(answer.headers, answer.body, now, lambda serial: self._keys.find(serial, now))
        except Unverified as unverified:
            raise OutcomeUnknown(f"wechat pay's answer does not verify: {unverified}") from None


def _content(answer: HttpAnswer) -> dict[str, Any]:
    try:
        return read_object(answer.body) if answer.body else {}
    except ValueError:
        raise OutcomeUnknown(f"wechat pay's answer cannot be read: HTTP {answer.status}") from None
