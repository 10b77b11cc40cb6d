"""Polls a chain until all payments over it are settled; tells its seconds of processor, and its peak of memory."""

from __future__ import annotations

import json
import sys
import time
from typing import Any

from paygate import bootstrap
from tests.bench.statement_import import peak_megabytes

_SECONDS = 600


def polled(network: str) -> dict[str, Any]:
    app = bootstrap.app()
    base, started = peak_megabytes(), time.process_time()
    told = app.poll_chain(network, _SECONDS)
    seconds = time.process_time() - started
    return {"seconds": seconds, "megabytes": peak_megabytes(), "base": base, "troubles": told.troubles}


if __name__ == "__main__":
    print(json.dumps(polled(sys.argv[1])))
