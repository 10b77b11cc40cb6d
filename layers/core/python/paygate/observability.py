"""Logs, metrics and traces: JSON lines in UTC without secrets, and business metrics in CloudWatch's EMF."""

from __future__ import annotations

import json
import logging
import os
import sys
from functools import cache
from typing import TYPE_CHECKING, Any, TextIO

from aws_lambda_powertools import Logger
from aws_lambda_powertools.logging.formatter import LambdaPowertoolsFormatter
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.metrics.base import SingleMetric

from paygate.redaction import Redactor

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from aws_lambda_powertools.utilities.typing import LambdaContext

SERVICE = "paygate"
redact = Redactor()


class _RedactingFormatter(LambdaPowertoolsFormatter):
    def format(self, record: logging.LogRecord) -> str:
        return redact(super().format(record))


def make_logger(stream: TextIO | None = None, service: str = SERVICE) -> Logger:
    """A logger named after the service: the standard library's `paygate.…` loggers write through it."""
    formatter = _RedactingFormatter(utc=True, use_rfc3339=True)
    return Logger(service=service, stream=stream, logger_formatter=formatter)


@cache
def logger() -> Logger:
    _redact_others()
    return make_logger()


def _redact_others() -> None:
    """What third-party packages log by themselves goes through Lambda's handler, or Python's last resort."""
    on_lambda = logging.getLogger().handlers if "LAMBDA_TASK_ROOT" in os.environ else []
    for handler in (*on_lambda, logging.lastResort):
        if handler is not None:
            handler.setFormatter(_RedactingFormatter(utc=True, use_rfc3339=True))


def traced(
    handler: Callable[[Any, LambdaContext], dict[str, Any]],
) -> Callable[[Any, LambdaContext], dict[str, Any]]:
    """`handler` as a segment of X-Ray's trace, without its answer. Elsewhere than on Lambda nobody listens."""
    if "LAMBDA_TASK_ROOT" not in os.environ:
        return handler
    from aws_lambda_powertools import Tracer  # noqa: PLC0415  # heavy: the X-Ray SDK

    wrapped: Callable[[Any, LambdaContext], dict[str, Any]]
    wrapped = Tracer(service=SERVICE, auto_patch=False).capture_lambda_handler(handler, capture_response=False)
    return wrapped


class EmfMeter:
    """`ports.Meter`: each call writes one EMF line, from which CloudWatch makes the metric."""

    def count(self, name: str, /, value: int = 1, **dimensions: str) -> None:
        _emit(name, MetricUnit.Count, value, dimensions)

    def measure(self, name: str, milliseconds: int, /, **dimensions: str) -> None:
        _emit(name, MetricUnit.Milliseconds, milliseconds, dimensions)

    def alarm(self, name: str, /, **facts: str) -> None:
        """Without dimensions of its own, so that one alarm of the template hears it whichever rail it concerns."""
        _emit(name, MetricUnit.Count, 1, {}, facts)


def _emit(
    name: str, unit: MetricUnit, value: int, dimensions: dict[str, Any], facts: Mapping[str, str] | None = None
) -> None:
    """As powertools' `single_metric`, which prints the line and its end apart: a thread that logs meanwhile would
    write between them, and CloudWatch would make neither a metric nor an alarm of it.
    """
    metric = SingleMetric(namespace=SERVICE)
    metric.add_metric(name=name, unit=unit, value=value)
    for dimension, said in {"service": SERVICE, **dimensions}.items():
        metric.add_dimension(name=dimension, value=said)
    for key, fact in (facts or {}).items():
        metric.add_metadata(key, fact)
    sys.stdout.write(json.dumps(metric.serialize_metric_set(), separators=(",", ":")) + "\n")
    sys.stdout.flush()
