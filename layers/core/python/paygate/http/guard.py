"""Lets a request in: a valid key, within its rate limit, with the scope that the route needs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from paygate.http.auth import Authenticator, may
from paygate.http.errors import Forbidden, RateLimited

if TYPE_CHECKING:
    from paygate.http.request import Request
    from paygate.ports import Allowance, Clock, KeyStore, Limiter


class Settings(Protocol):
    @property
    def api_key_pepper(self) -> bytes: ...


class Guarded(Protocol):
    """What the guard needs of the application."""

    @property
    def keys(self) -> KeyStore: ...

    @property
    def limiter(self) -> Limiter: ...

    @property
    def clock(self) -> Clock: ...

    @property
    def settings(self) -> Settings: ...


class Guard:
    def __init__(self, application: Guarded) -> None:
        self._authenticator = Authenticator(
            application.keys, application.clock, application.settings.api_key_pepper
        )
        self._limiter = application.limiter

    def admit(self, request: Request, scope: str, headers: dict[str, str]) -> str:
        """The id of the caller's key; adds the rate limit's `headers` to the answer.

        Raises Unauthenticated, RateLimited or Forbidden.
        """
        key = self._authenticator.caller(request)
        allowance = self._limiter.take(key.id)
        if allowance is not None:
            headers.update(_rate_limit(allowance))
            if not allowance.is_allowed:
                raise RateLimited(allowance.reset_seconds)
        if not may(key, scope):
            raise Forbidden(scope)
        return key.id


def _rate_limit(allowance: Allowance) -> dict[str, str]:
    return {
        "RateLimit-Limit": str(allowance.limit),
        "RateLimit-Remaining": str(allowance.remaining),
        "RateLimit-Reset": str(allowance.reset_seconds),
    }
