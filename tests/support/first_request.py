"""What a function has loaded once it answered: `python -m tests.support.first_request FUNCTION TOKEN`.

Reads `[method, resource, parameters, headers, body]` a line, and writes `[status, modules]` for all of them.
"""

from __future__ import annotations

import importlib
import json
import sys

from infra.local.rest_event import Request, RestEvents


class Context:
    aws_request_id = "first"

    def get_remaining_time_in_millis(self) -> int:
        return 15_000


def main() -> None:
    function, token = sys.argv[1:]
    handler = importlib.import_module(f"{function}.app").lambda_handler
    events, statuses = RestEvents(frozenset({"application/x-www-form-urlencoded"})), []
    for line in sys.stdin:
        method, resource, parameters, headers, body = json.loads(line)
        target = resource.format(**parameters)
        sent = [("Authorization", f"Bearer {token}"), *headers.items()]
        event = events.build(Request(method, target, sent, body.encode()), resource, parameters)
        statuses.append(handler(event, Context())["statusCode"])
    sys.stderr.write(json.dumps([statuses, sorted(sys.modules)]))


if __name__ == "__main__":
    main()
