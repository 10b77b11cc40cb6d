"""One Lambda execution environment: a process that runs one invocation at a time.

It takes orders from standard input, a JSON document a line, and answers each with a line on what was its
standard output; anything that a function prints goes to standard error.
"""

import importlib
import json
import os
import sys
import traceback
import uuid
from collections.abc import Callable
from typing import Any

from chalice.local import LambdaContext

HandlerFunction = Callable[[Any, Any], Any]
REGION, ACCOUNT = "us-east-1", "123456789012"


class Context(LambdaContext):
    def __init__(self, name: str, memory_mb: int, timeout_seconds: int) -> None:
        super().__init__(name, memory_mb, timeout_seconds * 1000)
        self.invoked_function_arn = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name}"
        self.log_group_name = f"/aws/lambda/{name}"
        self.log_stream_name = f"local/{os.getpid()}"
        self.aws_request_id = str(uuid.uuid4())

    def get_remaining_time_in_millis(self) -> int:
        return max(0, int(super().get_remaining_time_in_millis()))


def load(code: str, handler: str) -> HandlerFunction:
    """`CodeUri` and `Handler` as Lambda reads them."""
    if code not in sys.path:
        sys.path.insert(0, code)
    module, _, function = handler.replace("/", ".").rpartition(".")
    found: HandlerFunction = getattr(importlib.import_module(module), function)
    return found


def answer(order: dict[str, Any]) -> dict[str, Any]:
    """The function's result, or how it failed; the trace stands on standard error."""
    try:
        handler = load(order["code"], order["handler"])
        context = Context(order["name"], order["memory_mb"], order["timeout_seconds"])
        result = None if order["event"] is None else handler(order["event"], context)
        return {"result": json.loads(json.dumps(result))}
    except Exception as error:  # noqa: BLE001 (the boundary that Lambda is for its function)
        traceback.print_exc()
        return {"error": type(error).__name__}


def main() -> None:
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    for line in sys.stdin:
        print(json.dumps(answer(json.loads(line))), file=answers, flush=True)


if __name__ == "__main__":
    main()
