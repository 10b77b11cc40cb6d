"""Wake the relay after a commit, through an SQS queue that `relay_events` listens to."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

WINDOW_SECONDS = 0.9
# A message wakes the relay a second later, so that it also covers what is committed in its window.
_DELAY_SECONDS = 1


class Gate(Protocol):
    """Lets one caller through per WINDOW_SECONDS, across all writers where it can. Never raises."""

    def __call__(self) -> bool: ...


class ProcessGate:
    """The gate of one process, for where there is no Redis."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._opens_at = float("-inf")
        self._lock = threading.Lock()

    def __call__(self) -> bool:
        with self._lock:
            now = self._monotonic()
            if now < self._opens_at:
                return False
            self._opens_at = now + WINDOW_SECONDS
            return True


def no_nudge() -> None:
    """For where no queue is configured: the schedule alone wakes the relay."""


class SqsNudge:
    """Best effort: a lost nudge only means that the schedule wakes the relay."""

    def __init__(self, queue_url: str, gate: Gate, endpoint_url: str | None = None) -> None:
        self._queue_url = queue_url
        self._gate = gate
        self._endpoint_url = endpoint_url
        self._client: Any = None

    def __call__(self) -> None:
        if not self._gate():
            return
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415  # heavy: first use only

        try:
            self._sqs().send_message(QueueUrl=self._queue_url, MessageBody="commit", DelaySeconds=_DELAY_SECONDS)
        except (BotoCoreError, ClientError):
            return

    def _sqs(self) -> Any:
        if self._client is None:
            import boto3  # noqa: PLC0415  # heavy: first use only
            from botocore.config import Config  # noqa: PLC0415

            quick = Config(connect_timeout=1, read_timeout=1, retries={"total_max_attempts": 1})
            self._client = boto3.client("sqs", endpoint_url=self._endpoint_url, config=quick)
        return self._client
