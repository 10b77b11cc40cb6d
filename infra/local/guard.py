"""Keeps one server alive for exactly as long as the process that asked for it.

Run as `python guard.py '<json>'` with a pipe as standard input. The other end of the pipe is held by the
parent and closes with it, even on SIGKILL; then the server is stopped, first politely, then for good. The
server holds a lock on its directory through a descriptor that it inherits, so a successor starts only when
the last process of its predecessor is gone.
"""

import contextlib
import ctypes
import fcntl
import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

STOP_SECONDS = 8
LOCK_SECONDS = 10
EXIT_LOCKED = 75
PR_SET_PDEATHSIG = 1


def main() -> NoReturn:
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: None)  # SIG_IGN would be inherited by the server
    order = json.loads(sys.argv[1])
    parent = os.getppid()
    server = launch(order, lock_directory(order["lock"]))
    while server.poll() is None:
        readable, _, _ = select.select([sys.stdin], [], [], 0.2)
        if readable or os.getppid() != parent:
            stop(server, order["stop_signal"])
    if order["forget"] is not None:
        Path(order["forget"]).unlink(missing_ok=True)
    if order["afterwards"]:
        subprocess.run(order["afterwards"], stdin=subprocess.DEVNULL, cwd=order["cwd"], check=False)
    sys.exit(server.returncode if server.returncode >= 0 else 128 - server.returncode)


def lock_directory(path: str) -> int:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    give_up_at = time.monotonic() + LOCK_SECONDS
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > give_up_at:
                print(f"Another process still works on {Path(path).parent}.", file=sys.stderr)
                sys.exit(EXIT_LOCKED)
            time.sleep(0.02)
        else:
            return descriptor


def launch(order: dict[str, Any], lock: int) -> subprocess.Popen[bytes]:
    identity = {}
    if order["user"] is not None:
        identity = {"user": order["user"], "group": order["group"], "extra_groups": []}
    return subprocess.Popen(
        order["command"],
        stdin=subprocess.DEVNULL,
        cwd=order["cwd"],
        pass_fds=[lock],
        start_new_session=True,
        preexec_fn=die_with_parent(order["death_signal"]),  # noqa: PLW1509 (there are no threads here)
        **identity,
    )


def die_with_parent(death_signal: int) -> Callable[[], None] | None:
    """On Linux the kernel looks after the server should this guard itself be killed."""
    if not sys.platform.startswith("linux"):
        return None
    libc = ctypes.CDLL(None)

    def ask_kernel() -> None:
        libc.prctl(PR_SET_PDEATHSIG, death_signal)

    return ask_kernel


def stop(server: subprocess.Popen[bytes], stop_signal: int) -> None:
    import psutil

    family = [psutil.Process(server.pid), *psutil.Process(server.pid).children(recursive=True)]
    server.send_signal(stop_signal)
    signal_all(family, signal.SIGCONT)
    try:
        server.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        family += family[0].children(recursive=True)
    signal_all(family, signal.SIGKILL)
    server.wait()


def signal_all(processes: list[Any], number: int) -> None:
    import psutil

    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.send_signal(number)


if __name__ == "__main__":
    main()
