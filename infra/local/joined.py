"""Commands that join a running stack: their settings come from the environment, or from `.local/env`."""

import os
import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from infra.local.run import ENV_FILE
from paygate import bootstrap
from paygate.config import read_settings
from paygate.faults import SettingsFaults


@contextmanager
def application() -> Iterator[bootstrap.App]:
    """The core over the settings of the environment (for a deployed stack) or of `make run`."""
    if "DATABASE_URL" not in os.environ and "SECRETS" not in os.environ:
        if not ENV_FILE.exists():
            sys.exit("paygate: nothing to talk to: start `make run`, or set DATABASE_URL or SECRETS.")
        for line in ENV_FILE.read_text().splitlines():
            name, _, value = line.partition("=")
            os.environ.setdefault(name, *shlex.split(value) or [""])
    try:
        app = bootstrap.build(read_settings(os.environ, is_key_check=True))
    except SettingsFaults as faults:
        sys.exit(f"paygate: {faults}")
    try:
        yield app
    finally:
        app.database.close()
