"""The routing of aws-lambda-powertools, safe where one process answers several requests at once."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools.event_handler import APIGatewayRestResolver

if TYPE_CHECKING:
    from collections.abc import Callable

    from aws_lambda_powertools.utilities.data_classes.common import BaseProxyEvent


class _OwnEventResolver(APIGatewayRestResolver):
    """Powertools keeps the current event on a class that all resolvers share; this keeps its own."""

    def _to_proxy_event(self, event: dict[str, Any]) -> BaseProxyEvent:
        self.current_event = super()._to_proxy_event(event)  # type: ignore[assignment]
        return self.current_event


class Resolvers:
    """One resolver a thread, made when the thread first needs it."""

    def __init__(self, mount: Callable[[APIGatewayRestResolver], None]) -> None:
        self._mount = mount
        self._own = threading.local()

    def mine(self) -> APIGatewayRestResolver:
        resolver: APIGatewayRestResolver | None = getattr(self._own, "resolver", None)
        if resolver is None:
            resolver = self._own.resolver = _OwnEventResolver()
            self._mount(resolver)
        return resolver
