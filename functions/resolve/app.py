"""Asks the rails about everything that is open or unknown, and applies callbacks that wait."""

from __future__ import annotations

from paygate import bootstrap
from paygate.scheduled import scheduled

lambda_handler = scheduled(lambda _event: bootstrap.app().resolve)
