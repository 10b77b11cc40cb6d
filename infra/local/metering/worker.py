"""A worker of the local stack that hosts each function in a process of its own, as Lambda does, and meters it.

The stack runs it where LOCAL_WORKER names it; notes go to the file that METERED_TO names.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from infra.local.metering.meter import Meter
from infra.local.worker import answer, load

HOST = "host"


def dispatch() -> None:
    """Hands each order to its function's process. When it is killed they find their input closed."""
    hosts: dict[str, subprocess.Popen[str]] = {}
    for line in sys.stdin:
        order = json.loads(line)
        if order["event"] is None:  # only to be imported: the first call shows what that costs
            print(json.dumps({"result": None}), flush=True)
            continue
        if order["name"] not in hosts:
            hosts[order["name"]] = subprocess.Popen(
                [sys.executable, "-m", __spec__.name, HOST],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
        print(ask(hosts[order["name"]], line), end="", flush=True)


def ask(host: subprocess.Popen[str], line: str) -> str:
    assert host.stdin is not None
    assert host.stdout is not None
    host.stdin.write(line)
    host.stdin.flush()
    return host.stdout.readline() or sys.exit(1)


def host() -> None:
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    meter = Meter(Path(os.environ["METERED_TO"]))
    meter.install()
    is_cold = True
    for line in sys.stdin:
        order = json.loads(line)
        if is_cold:
            meter.note({"function": order["name"], "kind": "init"}, lambda order=order: imported(order))
        facts = {"function": order["name"], "kind": kind(order["event"]), "is_cold": is_cold}
        done = meter.note(facts, lambda order=order: answer(order))
        is_cold = False
        print(json.dumps(done), file=answers, flush=True)


def imported(order: dict[str, Any]) -> dict[str, Any]:
    load(order["code"], order["handler"])
    return {}


def kind(event: dict[str, Any]) -> str:
    """`api`, `queue`, `schedule`, or the network whose poller is called."""
    if "httpMethod" in event:
        return "api"
    return "queue" if "Records" in event else str(event.get("network", "schedule"))


if __name__ == "__main__":
    host() if HOST in sys.argv else dispatch()
