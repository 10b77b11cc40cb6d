"""Closes what nobody paid in time."""

from __future__ import annotations

from paygate import bootstrap
from paygate.scheduled import scheduled

lambda_handler = scheduled(lambda _event: bootstrap.app().expire)
