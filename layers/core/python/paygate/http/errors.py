"""What only the HTTP edge can complain about."""

from __future__ import annotations

from typing import TYPE_CHECKING

from paygate.domain.errors import PaygateError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class HttpRefused(PaygateError):
    """A request that the edge turns away; `headers` go with the answer, `field` says what was wrong in it."""

    field: str | None = None

    def __init__(self, why: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(why)
        self.headers: Mapping[str, str] = headers or {}


class MalformedBody(HttpRefused):
    code = "malformed_body"
    field = "body"


class CardNumberRefused(HttpRefused):
    """What looks like a card number; it is named by its field, and never repeated."""

    code = "card_number_refused"

    def __init__(self, field: str) -> None:
        super().__init__(f"{field}: looks like a card number; only the card processor's hosted fields take those")
        self.field = field


class BodyTooLarge(HttpRefused):
    code = "body_too_large"
    field = "body"


class UnsupportedMediaType(HttpRefused):
    code = "unsupported_media_type"
    field = "Content-Type"


class Unauthenticated(HttpRefused):
    """Whatever was wrong, the caller hears the same."""

    code = "unauthenticated"

    def __init__(self) -> None:
        challenge = 'Bearer realm="paygate", Paygate-HMAC-SHA256 realm="paygate"'
        super().__init__("a valid API key or signature is needed", {"WWW-Authenticate": challenge})


class Forbidden(HttpRefused):
    code = "forbidden"

    def __init__(self, scope: str) -> None:
        super().__init__(f"this key does not carry the scope {scope}")


class RouteNotFound(HttpRefused):
    code = "not_found"

    def __init__(self) -> None:
        super().__init__("there is nothing at this path")


class MethodNotAllowed(HttpRefused):
    code = "method_not_allowed"

    def __init__(self, allowed: Sequence[str]) -> None:
        methods = ", ".join(allowed)
        super().__init__(f"this path takes {methods}", {"Allow": methods})


class RateLimited(HttpRefused):
    code = "rate_limited"
    retryable = True

    def __init__(self, retry_after_seconds: int) -> None:
        super().__init__("too many requests with this key", {"Retry-After": str(max(1, retry_after_seconds))})
