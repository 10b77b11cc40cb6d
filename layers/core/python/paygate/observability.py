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
from aws_lambda_powertools.metrics.base import SingleMetric

from paygate.metrics import METRICS, Metric
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
    """`ports.Meter`: each call writes one EMF line, from which CloudWatch makes the metric, once for each set of
    dimensions that `metrics.METRICS` gives it.

    `paces` are the methods' by name: what is told by method is told by pace as well.
    """

    def __init__(self, paces: Mapping[str, str] | None = None) -> None:
        self._paces = paces or {}

    def count(self, name: str, /, value: int = 1, **dimensions: str) -> None:
        self._tell(name, value, dimensions)

    def measure(self, name: str, milliseconds: int, /, **dimensions: str) -> None:
        self._tell(name, milliseconds, dimensions)

    def gauge(self, name: str, value: float, /, **dimensions: str) -> None:
        self._tell(name, value, dimensions)

    def alarm(self, name: str, /, **facts: str) -> None:
        """Without dimensions of its own, so that one alarm of the template hears it whichever rail it concerns."""
        _emit(name, METRICS[name], 1, {}, facts)

    def _tell(self, name: str, value: float, dimensions: dict[str, str]) -> None:
        metric = METRICS[name]
        if ("pace",) in metric.sets:
            dimensions["pace"] = self._paces[dimensions["method"]]
        _emit(name, metric, value, dimensions, {})


def _emit(name: str, metric: Metric, value: float, dimensions: Mapping[str, str], facts: Mapping[str, str]) -> None:
    """As powertools' `single_metric`, which prints the line and its end apart: a thread that logs meanwhile would
    write between them, and CloudWatch would make neither a metric nor an alarm of it.
    """
    line = SingleMetric(namespace=SERVICE)
    line.add_metric(name=name, unit=metric.unit, value=value)
    for dimension, said in {"service": SERVICE, **dimensions}.items():
        line.add_dimension(name=dimension, value=said)
    for key, fact in facts.items():
        line.add_metadata(key, fact)
    written: dict[str, Any] = line.serialize_metric_set()
    written["_aws"]["CloudWatchMetrics"][0]["Dimensions"] = [["service", *names] for names in metric.sets]
    sys.stdout.write(json.dumps(written, separators=(",", ":")) + "\n")
    sys.stdout.flush()
