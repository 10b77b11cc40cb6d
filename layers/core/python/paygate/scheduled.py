"""What every scheduled function shares: a time limit, a report, and failures that say nothing secret."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from paygate import budget
from paygate.observability import logger, traced

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from _typeshed import DataclassInstance
    from aws_lambda_powertools.utilities.typing import LambdaContext

MARGIN_SECONDS = 3.0
"""What is kept of an invocation's time to finish what a sweep has begun."""


class RunFailed(Exception):
    """A run failed; the log says why. The runtime prints this, so it carries the error's name only."""


def scheduled(
    sweep: Callable[[Mapping[str, Any]], Callable[[float], DataclassInstance]],
) -> Callable[[Mapping[str, Any], LambdaContext], dict[str, Any]]:
    """A handler that runs `sweep(event)` for as long as the invocation may take, and answers its report.

    Called by a queue, it also answers which messages failed: all of them when the report is not complete.
    """

    def handle(event: Mapping[str, Any], context: LambdaContext) -> dict[str, Any]:
        seconds = context.get_remaining_time_in_millis() / 1000 - MARGIN_SECONDS
        log = logger()
        log.thread_safe_append_keys(request_id=context.aws_request_id)
        try:
            with budget.limit(seconds):
                report = sweep(event)(seconds)
            log.info("swept", report=asdict(report))
        except Exception as error:
            log.exception("failed")
            raise RunFailed(type(error).__name__) from None
        finally:
            log.thread_safe_clear_keys()
        return asdict(report) | _messages(event, is_complete=getattr(report, "is_complete", True))

    return traced(handle)


def _messages(event: Mapping[str, Any], *, is_complete: bool) -> dict[str, Any]:
    if "Records" not in event:
        return {}
    failed = [] if is_complete else [{"itemIdentifier": record["messageId"]} for record in event["Records"]]
    return {"batchItemFailures": failed}
