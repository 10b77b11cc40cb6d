"""Follows the chain that its schedule names: `{"network": "ethereum"}`."""

from __future__ import annotations

from functools import partial

from paygate import bootstrap
from paygate.scheduled import scheduled

lambda_handler = scheduled(lambda event: partial(bootstrap.app().poll_chain, str(event.get("network", ""))))
