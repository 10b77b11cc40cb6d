"""Hand a statement on to the function that imports uploads, which has more time: `ports.StatementQueue`."""

from __future__ import annotations

import json
from typing import Any


def no_queue(_statement_id: str, /) -> bool:
    """For where no queue is configured: whoever approves takes in."""
    return False


class SqsStatements:
    """A message that is lost is made good by approving again."""

    def __init__(self, queue_url: str, endpoint_url: str | None = None) -> None:
        self._queue_url = queue_url
        self._endpoint_url = endpoint_url
        self._client: Any = None

    def __call__(self, statement_id: str, /) -> bool:
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415  # heavy: first use only

        try:
            body = json.dumps({"statementId": statement_id})
            self._sqs().send_message(QueueUrl=self._queue_url, MessageBody=body)
        except (BotoCoreError, ClientError):
            return False
        return True

    def _sqs(self) -> Any:
        if self._client is None:
            import boto3  # noqa: PLC0415  # heavy: first use only
            from botocore.config import Config  # noqa: PLC0415

            quick = Config(connect_timeout=1, read_timeout=3, retries={"total_max_attempts": 2})
            self._client = boto3.client("sqs", endpoint_url=self._endpoint_url, config=quick)
        return self._client
