"""Ways in which the answer to any rail's call goes wrong, by the fault's kind:

delay       wait `seconds`, then work and answer as usual
late        work, wait `seconds`, and answer what was so then
timeout     work, then stay silent for `seconds` (default 60) and hang up
drop        hang up at once, nothing done
drop_after  work, then hang up without an answer
http_error  answer HTTP `status` (default 502) with an HTML page; `work`: true does the work first
garbage     work, then answer bytes that are no JSON, no form, and no UTF-8
"""

import contextlib
import socket
import time
from collections.abc import Callable, Mapping
from typing import Any

from flask import request as http
from werkzeug import Response

from infra.sandbox.faults import Fault

Outcome = tuple[Response, str]
"""The response, and the code under which the call is listed."""
Work = Callable[[], Outcome]
Options = dict[str, Any]
Mishap = Callable[[Work, Options], Outcome]


def perform(fault: Fault | None, work: Work, own: Mapping[str, Mishap] | None = None) -> Outcome:
    """Do the `work` well, or with the fault: one of KINDS, or of the rail's `own`."""
    if fault is None:
        return work()
    mishaps: dict[str, Mishap] = {**KINDS, **(own or {})}
    response, outcome = mishaps[fault.kind](work, fault.options)
    return response, f"{outcome} ({fault.kind})"


def _delay(work: Work, options: Options) -> Outcome:
    time.sleep(float(options.get("seconds", 1)))
    return work()


def _late(work: Work, options: Options) -> Outcome:
    answered = work()
    time.sleep(float(options.get("seconds", 1)))
    return answered


def _timeout(work: Work, options: Options) -> Outcome:
    _, outcome = work()
    time.sleep(float(options.get("seconds", 60)))
    return hang_up(), outcome


def _drop(_work: Work, _options: Options) -> Outcome:
    return hang_up(), ""


def _drop_after(work: Work, _options: Options) -> Outcome:
    _, outcome = work()
    return hang_up(), outcome


def _http_error(work: Work, options: Options) -> Outcome:
    if options.get("work"):
        work()
    status = int(options.get("status", 502))
    page = f"<html><body><h1>{status}</h1></body></html>"
    return Response(page, status, content_type="text/html"), f"HTTP {status}"


def _garbage(work: Work, _options: Options) -> Outcome:
    response, outcome = work()
    response.set_data(b'{"answer_\xff\xfe<html>')
    return response, outcome


def hang_up() -> Response:
    """Close the connection so that no answer can be written to it."""
    with contextlib.suppress(OSError):
        http.environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
    return Response(b"")


KINDS: dict[str, Mishap] = {
    "delay": _delay,
    "late": _late,
    "timeout": _timeout,
    "drop": _drop,
    "drop_after": _drop_after,
    "http_error": _http_error,
    "garbage": _garbage,
}
