"""python -m infra.sandbox --port 3001 --state DIR     serve every rail
python -m infra.sandbox provision DIR               make the merchants' keys and print their settings
"""

import argparse
import os
import signal
import socket
import sys
from pathlib import Path

from infra.sandbox.rails import provision
from infra.sandbox.world import World


def arguments() -> argparse.Namespace:
    env = os.environ.get
    parser = argparse.ArgumentParser(prog="python -m infra.sandbox")
    parser.add_argument("--host", default=env("SANDBOX_HOST", "127.0.0.1"))
    parser.add_argument("--port", type=int, default=int(env("SANDBOX_PORT", "3001")), help="0 takes a free one")
    parser.add_argument("--state", type=Path, default=Path(env("SANDBOX_STATE", ".local/sandbox")))
    parser.add_argument("--time-scale", type=float, default=float(env("SANDBOX_TIME_SCALE", "1")))
    parser.add_argument("--public-url", default=env("SANDBOX_PUBLIC_URL", ""), help="as browsers reach it")
    commands = parser.add_subparsers(dest="command")
    provisioning = commands.add_parser("provision")
    provisioning.add_argument("directory", type=Path)
    return parser.parse_args()


def serve(options: argparse.Namespace) -> int:
    from infra.sandbox.server import bind  # noqa: PLC0415  Flask is not needed to provision

    try:
        listener = socket.create_server((options.host, options.port))
    except OSError as error:
        print(f"sandbox: cannot listen on {options.host}:{options.port}: {error.strerror}", file=sys.stderr)
        return 1
    public_url = options.public_url or f"http://{options.host}:{listener.getsockname()[1]}"
    server = bind(World(options.state, public_url.rstrip("/"), options.time_scale), listener)
    # What was acknowledged is in the rails' books already: there is nothing to wind up.
    for end in (signal.SIGTERM, signal.SIGINT):
        signal.signal(end, lambda *_: os._exit(0))
    print(f"sandbox ready on {public_url}", flush=True)
    server.serve_forever()
    return 0


def main() -> int:
    options = arguments()
    if options.command == "provision":
        for name, value in provision(options.directory).items():
            print(f"{name}={value}")
        return 0
    return serve(options)


if __name__ == "__main__":
    sys.exit(main())
