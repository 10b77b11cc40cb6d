"""A custom resource of the stack: CloudFormation asks the migration for it before it changes other functions.

The protocol is CloudFormation's for custom resources: the answer is PUT to the request's own URL, once, with the
size of 4096 bytes at most and no media type, which is not part of what the URL was signed for.
"""

from __future__ import annotations

import json
import os
import threading
import time
import urllib.request
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from paygate.faults import SettingsFaults

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

PHYSICAL_ID = "paygate-schema"
"""Always the same: another one would have CloudFormation delete the former."""

TRIES, PATIENCE_SECONDS = 4, 10
_LONGEST_REASON = 2000
_NONE = "none"


def is_request(event: Mapping[str, Any]) -> bool:
    return "ResponseURL" in event


def run(event: Mapping[str, Any], seconds: float, apply: Callable[[str], str]) -> str:
    """`apply(phase)`; answers the revision. Nothing is applied when the phase is `none`, nor when the resource is
    being deleted, which leaves the schema alone.

    CloudFormation is told of success, of failure, and in time when `seconds` were not enough. Raises what `apply`
    raises once it has been told, and OSError when it cannot be.
    """
    answer = _Answer(event)
    phase = str(event["ResourceProperties"]["Phase"])
    if event["RequestType"] == "Delete" or phase == _NONE:
        answer.give("SUCCESS", "left as it is")
        return ""
    with _overdue(answer, seconds):
        try:
            revision = apply(phase)
        except Exception as error:
            answer.give("FAILED", _reason(error))
            raise
    answer.give("SUCCESS", "migrated", Revision=revision)
    return revision


class _Answer:
    """Given once, whoever is first."""

    def __init__(self, event: Mapping[str, Any]) -> None:
        self._event = event
        self._first = threading.Lock()

    def give(self, status: str, reason: str, **data: str) -> None:
        if not self._first.acquire(blocking=False):
            return
        echoed = {name: self._event[name] for name in ("RequestId", "StackId", "LogicalResourceId")}
        document = {
            "Status": status,
            "Reason": reason[:_LONGEST_REASON],
            "PhysicalResourceId": self._event.get("PhysicalResourceId") or PHYSICAL_ID,
            **echoed,
            "Data": data,
        }
        _put(self._event["ResponseURL"], json.dumps(document).encode())


def _put(url: str, body: bytes) -> None:
    """As the URL was signed: without a media type, which urllib would add by itself."""
    for attempt in range(TRIES):
        request = urllib.request.Request(url, body, {"Content-Type": ""}, method="PUT")  # noqa: S310  # who may call is trusted
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE_SECONDS):  # noqa: S310
                return
        except OSError as error:  # urllib's own errors are, too
            if attempt + 1 == TRIES:
                raise OSError(f"CloudFormation cannot be answered: {type(error).__name__}") from None
        time.sleep(2**attempt / 4)


def _reason(error: Exception) -> str:
    """Faults of settings never show a value; what others say may quote a row or a URL, and stays in the log."""
    if isinstance(error, SettingsFaults):
        return str(error)
    return f"{type(error).__name__}: see the log {os.environ.get('AWS_LAMBDA_LOG_STREAM_NAME', 'of migrate')}"


@contextmanager
def _overdue(answer: _Answer, seconds: float) -> Iterator[None]:
    """Who runs out of time answers first: else the deployment would wait for it, and then say nothing."""
    words = "it takes longer than the function may run; it is safe to repeat"
    timer = threading.Timer(max(0.0, seconds), answer.give, ("FAILED", words))
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
