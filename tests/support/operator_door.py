"""The operator's function, called as its invoker does, over a database of one's choice."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any
from unittest import mock

from infra.local.worker import Context
from operate.app import lambda_handler

if TYPE_CHECKING:
    from collections.abc import Mapping


def operate(settings: Mapping[str, str], task: str, **fields: Any) -> dict[str, Any]:
    """What the invoker gets: JSON, as it went over the wire. `settings` are the function's environment."""
    event = json.loads(json.dumps({"task": task, **fields}))
    with mock.patch.dict(os.environ, settings):
        answer = lambda_handler(event, Context("OperateFunction", 1024, 900))  # type: ignore[arg-type]
    return dict(json.loads(json.dumps(answer)))
