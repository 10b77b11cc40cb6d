"""`make deploy-local`: the whole template, deployed to an emulator of AWS, and payments by what is deployed."""

import argparse
import json
import os
import signal
import sys
import time
from dataclasses import asdict
from typing import NoReturn

from infra.local.demo import empty, show
from infra.local.demo_payment import Row, terminal_width
from infra.local.demo_table import table
from infra.local.deploy.release import STACK
from infra.local.deploy.stack import DeployedStack
from infra.local.listener import Listener
from infra.local.ports import PortTaken
from infra.local.run import DIRECTORY, interrupt, watch
from infra.local.secret_store import write_private
from infra.local.server import StartFailed
from infra.local.stack import NODES, AlreadyRunning

DEPLOY_DIRECTORY = DIRECTORY / "deploy"
RESULT = DIRECTORY / "deploy.json"
SANDBOX_TIME_SCALE = 0.1

KEPT = """
The stack stays up until Ctrl-C. The API is {api}, and
  . {env}
gives its address, an API key and AWS_ENDPOINT_URL. What functions say: {log}
"""


def main() -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, interrupt)
    parser = argparse.ArgumentParser(prog="make deploy-local", description="Deploy to an emulator of AWS, and pay.")
    parser.add_argument("--keep", action="store_true", help="leave the stack up until Ctrl-C")
    is_kept = parser.parse_args().keep
    RESULT.unlink(missing_ok=True)
    try:
        sys.exit(run(is_kept=is_kept))
    except (AlreadyRunning, PortTaken, StartFailed) as problem:
        sys.exit(f"paygate: {problem}")
    except KeyboardInterrupt:
        sys.exit(130)


def run(*, is_kept: bool) -> int:
    os.close(empty(DEPLOY_DIRECTORY))
    env = DEPLOY_DIRECTORY / "env"
    stack = DeployedStack(DEPLOY_DIRECTORY, durable=False, sandbox_time_scale=SANDBOX_TIME_SCALE, env_file=env)
    stack.build()
    try:
        rows = shown(stack)
        if is_kept:
            keep(stack)
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):  # make hands on what it gets, so one may come twice
            signal.signal(number, signal.SIG_IGN)
        stack.stop()
    return 0 if rows and all(row.ok for row in rows) else 1


def shown(stack: DeployedStack) -> list[Row]:
    started = time.monotonic()
    stack.start()
    print(f"{STACK} is deployed after {time.monotonic() - started:.1f} s: API {stack.gateway.url}")
    print(f"The deployed migrations left the schema at {stack.revision}.", flush=True)
    rows = paid(stack)
    write_private(RESULT, json.dumps([asdict(row) for row in rows], indent=2) + "\n")  # whole: others wait for it
    print(f"\n{table(rows, terminal_width())}\n", flush=True)
    return rows


def paid(stack: DeployedStack) -> list[Row]:
    """A payment by each method that needs no node: schedules keep their minutes here, and chains take several."""
    from paygate.strategies import registry

    with Listener(stack.kafka.bootstrap_servers) as listener:
        return [show(method, stack, listener) for method in registry.METHODS if method.rail not in NODES]


def keep(stack: DeployedStack) -> NoReturn:
    print(KEPT.format(api=stack.gateway.url, env=DEPLOY_DIRECTORY / "env", log=stack.aws.log), flush=True)
    watch(stack, os.getppid() if "MAKELEVEL" in os.environ else None)
    raise KeyboardInterrupt


if __name__ == "__main__":
    main()
