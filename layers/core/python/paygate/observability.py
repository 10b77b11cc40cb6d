"""Logs, metrics and traces: JSON lines in UTC without secrets, and business metrics in CloudWatch's EMF."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, TextIO

from aws_lambda_powertools import Logger, Tracer
from aws_lambda_powertools.logging.formatter import LambdaPowertoolsFormatter
from aws_lambda_powertools.metrics import MetricUnit, single_metric

from paygate.redaction import Redactor

if TYPE_CHECKING:
    import logging

SERVICE = "paygate"
redact = Redactor()


class _RedactingFormatter(LambdaPowertoolsFormatter):
    def format(self, record: logging.LogRecord) -> str:
        return redact(super().format(record))


def make_logger(stream: TextIO | None = None, name: str = SERVICE) -> Logger:
    """A logger of its own; the standard library's `paygate.…` loggers write through the one named paygate."""
    formatter = _RedactingFormatter(utc=True, use_rfc3339=True)
    return Logger(service=SERVICE, name=name, stream=stream, logger_formatter=formatter)


@cache
def logger() -> Logger:
    return make_logger()


@cache
def tracer() -> Tracer:
    return Tracer(service=SERVICE, auto_patch=False)


class EmfMeter:
    """`ports.Meter`: each call writes one EMF line, from which CloudWatch makes the metric."""

    def count(self, name: str, /, value: int = 1, **dimensions: str) -> None:
        _emit(name, MetricUnit.Count, value, dimensions)

    def measure(self, name: str, milliseconds: int, /, **dimensions: str) -> None:
        _emit(name, MetricUnit.Milliseconds, milliseconds, dimensions)

    def alarm(self, name: str, /, **dimensions: str) -> None:
        _emit(name, MetricUnit.Count, 1, dimensions)


def _emit(name: str, unit: MetricUnit, value: int, dimensions: dict[str, Any]) -> None:
    fixed = {"service": SERVICE, **dimensions}
    with single_metric(name=name, unit=unit, value=value, namespace=SERVICE, default_dimensions=fixed):
        pass
