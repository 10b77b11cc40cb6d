"""Signed requests to the gateway, and answers that are believed only when UnionPay signed them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from paygate.adapters.rails.unionpay import codes
from paygate.adapters.rails.unionpay.certificates import Signers
from paygate.adapters.rails.unionpay.signing import is_unionpays, signed
from paygate.adapters.rails.unionpay.wire import read_answer, texts
from paygate.domain.errors import OutcomeUnknown, RailDeclined

if TYPE_CHECKING:
    from collections.abc import Mapping

    from paygate.adapters.rails.http import RailHttp
    from paygate.adapters.rails.unionpay.settings import UnionPaySettings
    from paygate.ports import Clock

_HTTP_OK = 200
_HEADERS = {"Content-Type": "application/x-www-form-urlencoded;charset=UTF-8"}
_CODE = re.compile(r"[0-9A-Z]{2}", re.ASCII)


class UnionPayClient:
    """One merchant at one gateway."""

    def __init__(self, settings: UnionPaySettings, clock: Clock, http: RailHttp) -> None:
        self._settings, self._clock, self._http = settings, clock, http
        self.signers = Signers(settings.middle, settings.root)

    def url(self, door: str) -> str:
        return f"{self._settings.gateway_url}/gateway/api/{door}.do"

    def signed(self, fields: Mapping[str, str]) -> dict[str, str]:
        """All fields of a request, `signature` last. The same fields give the same request."""
        common = {
            "version": "5.1.0",
            "encoding": "UTF-8",
            "signMethod": "01",
            "certId": self._settings.cert_id,
            "merId": self._settings.mer_id,
            "accessType": "0",  # a merchant, with no acquirer or platform between
        }
        return signed({**common, **fields}, self._settings.private_key)

    def call(self, door: str, fields: Mapping[str, str], *, is_repeatable: bool = False) -> dict[str, str]:
        """Ask the gateway. Answers what a verified success says; raises RailDeclined or OutcomeUnknown."""
        answer = self._http.send(
            "POST",
            self.url(door),
            body=urlencode(self.signed(fields)).encode("ascii"),
            headers=_HEADERS,
            is_repeatable=is_repeatable,
        )
        if answer.status != _HTTP_OK:
            raise OutcomeUnknown(f"unionpay answered HTTP {answer.status}")
        found = self._believed(answer.body)
        if (found.get("merId"), found.get("orderId")) != (self._settings.mer_id, fields["orderId"]):
            raise OutcomeUnknown("unionpay answered for another order")
        _require_success(found)
        return found

    def _believed(self, body: bytes) -> dict[str, str]:
        """What the gateway cannot read it answers in words, unsigned: unknown, like all that is not proven."""
        try:
            fields = read_answer(body)
            is_genuine = is_unionpays(fields, self.signers, self._clock.now())
            found = texts(fields)
        except ValueError:
            raise OutcomeUnknown("unionpay's answer cannot be read") from None
        if not is_genuine:
            raise OutcomeUnknown(f"unionpay's answer does not verify: {reason_of(found)}")
        return found


def _require_success(answer: Mapping[str, str]) -> None:
    """Raises RailDeclined or OutcomeUnknown. What has no code of the rail's form is unknown."""
    code = reason_of(answer)
    if code in codes.UNDECIDED or not _CODE.fullmatch(code):
        raise OutcomeUnknown(f"unionpay answered {code}")
    if code != codes.SUCCESS:
        raise RailDeclined(code)


def reason_of(answer: Mapping[str, str]) -> str:
    """The code; never UnionPay's prose, which may quote the request."""
    code = answer.get("respCode", "")
    return code if _CODE.fullmatch(code) else "no code"
