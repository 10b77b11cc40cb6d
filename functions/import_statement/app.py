"""Imports uploads, and takes in approved statements that are large: S3 and `statements` write to its queue."""

from __future__ import annotations

from paygate import bootstrap
from paygate.queued import queued, statement_id

lambda_handler = queued(lambda: bootstrap.app().statements.from_queue, statement_id)
