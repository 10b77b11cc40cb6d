"""`make run`: the stack, kept up until Ctrl-C."""

import os
import signal
import sys
import time
from pathlib import Path
from typing import NoReturn

from infra.local.ports import PortTaken
from infra.local.server import ROOT, StartFailed
from infra.local.stack import AlreadyRunning, Stack

DIRECTORY = ROOT / ".local"
ENV_FILE = DIRECTORY / "env"
WATCH_SECONDS = 0.5
CHOSEN = ("BANK_STATEMENT_APPROVAL", "CARD_CAPTURE_METHOD", "OUTBOX_RETENTION_DAYS", "RATE_LIMIT_PER_MINUTE")
"""Settings that the shell may choose; where servers and rails are, the stack knows."""

SUMMARY = """
paygate is up after {seconds:.1f} s; Ctrl-C stops it, and what it stored stays.

  API       {api}
  sandbox   {sandbox}
  settings  {env}   (addresses, an API key, where the sandbox merchant's keys are)
  logs      {logs}

Try:
  . {env}
  curl -s "$API_URL/payments" -H "Authorization: Bearer $API_KEY" -H "Content-Type: application/json" \\
    -H "Idempotency-Key: try-$(date +%s)" \\
    -d '{{"orderId": "ORDER_1", "userId": 1, "amount": "88.00", "currency": "CNY", "method": "ALIPAY"}}'
"""


def main() -> NoReturn:
    for number in (signal.SIGINT, signal.SIGTERM):  # a shell starts background jobs with SIGINT ignored
        signal.signal(number, interrupt)
    parent = os.getppid() if "MAKELEVEL" in os.environ else None
    ports = {"api_port": port("PORT", 3000), "sandbox_port": port("SANDBOX_PORT", 3001)}
    settings = {name: os.environ[name] for name in CHOSEN if os.environ.get(name)}
    stack = Stack(DIRECTORY, **ports, env_file=ENV_FILE, settings=settings)
    try:
        run(stack, parent)
    except KeyboardInterrupt:
        print("\nStopping.")
        sys.exit(0)
    except (AlreadyRunning, PortTaken, StartFailed) as problem:
        sys.exit(f"paygate: {problem}")
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        stack.stop()


def run(stack: Stack, parent: int | None) -> None:
    started = time.monotonic()
    stack.start()
    print(summary(stack, time.monotonic() - started), flush=True)
    watch(stack, parent)


def watch(stack: Stack, parent: int | None) -> None:
    """Until a server dies, or make does: it may be killed in a way that it cannot hand on."""
    while parent is None or os.getppid() == parent:
        for server in stack.servers:
            if not server.is_running:
                raise StartFailed(f"{server.name} has died; the others are stopped too.\n{server.log_tail()}")
        time.sleep(WATCH_SECONDS)


def summary(stack: Stack, seconds: float) -> str:
    here = Path.cwd()
    env = ENV_FILE.relative_to(here) if ENV_FILE.is_relative_to(here) else ENV_FILE
    logs = f"{env.parent}/*/*.log"
    api, sandbox = stack.gateway.url, stack.sandbox.url
    return SUMMARY.format(seconds=seconds, api=api, sandbox=sandbox, env=env, logs=logs)


def port(name: str, default: int) -> int:
    text = os.environ.get(name) or str(default)
    if not (text.isascii() and text.isdigit() and int(text) < 1 << 16):
        sys.exit(f"paygate: {name}={text} is not a port.")
    return int(text)


def interrupt(*_: object) -> NoReturn:
    raise KeyboardInterrupt


if __name__ == "__main__":
    main()
