"""Outbox to Kafka: every minute, and when a write nudges."""

from __future__ import annotations

from paygate import bootstrap
from paygate.scheduled import scheduled

lambda_handler = scheduled(lambda _event: bootstrap.app().relay)
