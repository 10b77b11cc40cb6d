"""A process that takes a payment and then goes on as two: what Lambda makes of one snapshot.

`python -m tests.support.snapshot_process TOKEN` writes what the parent held, and for each pair of twins, with and
without the runtime's hooks, what they have. Each twin begins with the same memory, Python's random numbers too,
as two restored machines do.
"""

from __future__ import annotations

import gc
import json
import os
import random
import sys
import uuid
from typing import Any

import psutil
from snapshot_restore_py import get_after_restore, get_before_snapshot

from create.app import lambda_handler as create
from infra.local.rest_event import Request, RestEvents

EVENTS = RestEvents(frozenset())


class Context:
    aws_request_id = "snapshot"

    def get_remaining_time_in_millis(self) -> int:
        return 15_000


def pay(token: str) -> str:
    """A payment, through everything that the function talks to."""
    order = {"orderId": f"ORDER_{uuid.uuid4().hex}", "userId": 1, "amount": "1.00", "currency": "CNY"}
    body = json.dumps({**order, "method": "ALIPAY", "idempotencyKey": uuid.uuid4().hex}).encode()
    headers = [("Authorization", f"Bearer {token}"), ("Content-Type", "application/json")]
    event = EVENTS.build(Request("POST", "/payments", headers, body), "/payments", {})
    answer = create(event, Context())  # type: ignore[arg-type]
    assert answer["statusCode"] == 201, answer
    return str(json.loads(answer["body"])["paymentId"])


def connections() -> list[int]:
    """Local ports of the connections that the process holds."""
    gc.collect()
    found = psutil.Process().net_connections("tcp")
    return sorted(each.laddr.port for each in found if each.status == psutil.CONN_ESTABLISHED)


def run(hooks: list[Any]) -> None:
    for hook, arguments, named in hooks:
        hook(*arguments, **named)


def twin(token: str, state: Any, *, is_renewed: bool) -> dict[str, Any]:
    random.setstate(state)  # a fork seeds it anew; a restored machine has it as it was
    if is_renewed:
        run(get_after_restore())
    found: dict[str, Any] = {"kept": connections(), "random": random.random()}
    if is_renewed:
        found["id"] = pay(token)
        found["made"] = connections()
    return found


def restored(token: str, *, is_renewed: bool) -> list[dict[str, Any]]:
    """Both twins, both alive until both have told."""
    state, told = random.getstate(), []
    ends = [os.pipe(), os.pipe()]
    for _, write in ends:
        if os.fork() == 0:
            try:
                os.write(write, json.dumps(twin(token, state, is_renewed=is_renewed)).encode())
                sys.stdin.read(1)
            finally:
                os._exit(0)
    for read, write in ends:
        os.close(write)
        told.append(json.loads(os.read(read, 1 << 16)))
    return told


def main() -> None:
    token = sys.argv[1]
    run(get_before_snapshot())
    loaded = connections()
    pay(token)
    found = {"loaded": loaded, "held": connections()}
    found["shared"], found["renewed"] = (restored(token, is_renewed=is_renewed) for is_renewed in (False, True))
    sys.stderr.write(json.dumps(found))


if __name__ == "__main__":
    main()
