"""What functions behind a queue share: each message on its own, and those that failed come again."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_plus

from paygate import budget
from paygate.domain import ids
from paygate.observability import logger, traced

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from aws_lambda_powertools.utilities.typing import LambdaContext

MARGIN_SECONDS = 3.0


def queued(
    work: Callable[[], Callable[[str], None]], read: Callable[[str], list[str]]
) -> Callable[[Mapping[str, Any], LambdaContext], dict[str, Any]]:
    """A handler that does `work()` on what `read` finds in each message, and answers which messages failed."""

    def handle(event: Mapping[str, Any], context: LambdaContext) -> dict[str, Any]:
        log = logger()
        log.thread_safe_append_keys(request_id=context.aws_request_id)
        failed = []
        try:
            with budget.limit(context.get_remaining_time_in_millis() / 1000 - MARGIN_SECONDS):
                for record in event["Records"]:
                    try:
                        for piece in read(record["body"]):
                            work()(piece)
                    except Exception:  # the outermost boundary: the message comes again, then to the dead letters
                        log.exception("failed")
                        failed.append({"itemIdentifier": record["messageId"]})
        finally:
            log.thread_safe_clear_keys()
        return {"batchItemFailures": failed}

    return traced(handle)


def statement_id(body: str) -> list[str]:
    """The statements that a message is about: S3's event notification, its test message, or one of ours."""
    message = json.loads(body)
    if "statementId" in message:
        return [message["statementId"]]
    keys = [unquote_plus(record["s3"]["object"]["key"]) for record in message.get("Records", [])]
    return [found for key in keys if ids.is_id("BST", found := key.rpartition("/")[2])]
