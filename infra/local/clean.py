"""`make clean`: remove what the local stacks keep, unless one of them is running."""

import os
import shutil
import sys

from infra.local.demo import DEMO_DIRECTORY
from infra.local.deploy.__main__ import DEPLOY_DIRECTORY
from infra.local.run import DIRECTORY
from infra.local.stack import AlreadyRunning, lock_directory


def main() -> None:
    if not DIRECTORY.exists():
        return
    try:
        locks = [lock_directory(directory) for directory in (DIRECTORY, DEMO_DIRECTORY, DEPLOY_DIRECTORY)]
    except AlreadyRunning as problem:
        sys.exit(f"paygate: {problem}")
    shutil.rmtree(DIRECTORY)
    for lock in locks:
        os.close(lock)


if __name__ == "__main__":
    main()
