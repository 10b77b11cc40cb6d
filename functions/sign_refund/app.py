"""Signs refunds on chains with a key in KMS, within caps. Not deployed unless it is given a key."""

from __future__ import annotations

from paygate import bootstrap
from paygate.scheduled import scheduled

lambda_handler = scheduled(lambda _event: bootstrap.app().sign_refunds)
