"""Docker, where it is: the address by which containers reach this machine, and the end of SAM's containers.

`python -m infra.local.docker FOLDER…` removes those that run what is in one of the folders.
"""

import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import psutil

from infra.local.server import StartFailed

SAMS = "label=sam.cli.container.type=lambda"
BRIDGE = '{{index .Options "com.docker.network.bridge.name"}}'
SECONDS = 60


def docker(*arguments: str) -> str:
    """What the command printed. Raises StartFailed in Docker's own words."""
    if shutil.which("docker") is None:
        raise StartFailed("There is no `docker` on the PATH.")
    done = subprocess.run(["docker", *arguments], capture_output=True, text=True, check=False, timeout=SECONDS)
    if done.returncode:
        raise StartFailed(f"docker {arguments[0]}: {done.stderr.strip()}")
    return done.stdout


def bridge_address() -> str:
    """This machine's address on the network of Docker's containers; both sides reach each other by it.

    Raises StartFailed where Docker is not, or runs in a machine of its own (as Docker Desktop does).
    """
    name = docker("network", "inspect", "bridge", "--format", BRIDGE).strip()
    for address in psutil.net_if_addrs().get(name, ()):
        if address.family.name == "AF_INET":
            return str(address.address)
    raise StartFailed(f"Docker's bridge {name} is no network of this machine: does its daemon run elsewhere?")


def remove_containers(folders: Iterable[Path]) -> None:
    """Those that SAM started over one of the folders, whoever started SAM."""
    mounted = [part for folder in folders for part in ("--filter", f"volume={folder}")]
    if found := docker("ps", "--all", "--quiet", "--filter", SAMS, *mounted).split():
        docker("rm", "--force", *found)


if __name__ == "__main__":
    remove_containers(map(Path, sys.argv[1:]))
