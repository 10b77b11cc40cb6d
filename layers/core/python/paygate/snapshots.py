"""Lambda SnapStart: many processes begin as one snapshot of memory, so nothing in it may be theirs alone.

Source: AWS Lambda Developer Guide, "Lambda SnapStart runtime hooks for Python" and "Handling uniqueness".
"""

from __future__ import annotations

import importlib
import os
import random
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

_SEED_BYTES = 64
# What a first request loads; without a snapshot it loads only what it uses.
_FIRST_USE = (
    "aws_lambda_powertools.utilities.parameters",
    "boto3",
    "cryptography.hazmat.primitives.ciphers.aead",
    "pg8000.native",
    "redis",
    "requests",
)


def after_restore(hook: Callable[[], None]) -> None:
    """Have the runtime call `hook` in each process that begins as a snapshot; elsewhere nobody takes snapshots."""
    with suppress(ImportError):  # only Lambda's own runtime has it, for Python 3.12 and later
        from snapshot_restore_py import register_after_restore  # noqa: PLC0415

        register_after_restore(hook)


def before_snapshot(hook: Callable[[], None]) -> None:
    with suppress(ImportError):
        from snapshot_restore_py import register_before_snapshot  # noqa: PLC0415

        register_before_snapshot(hook)


def load_code() -> None:
    """Code only: no settings, no connection, no key and no random number comes into being here."""
    for name in _FIRST_USE:
        importlib.import_module(name)


def renew() -> None:
    """What the process shares with its twins in packages that are not ours. Ids and nonces come from the kernel."""
    random.seed()  # it spreads repeats and sweeps: twins would all come at once
    loaded: dict[str, Any] = dict(sys.modules)
    if ssl := loaded.get("ssl"):
        ssl.RAND_add(os.urandom(_SEED_BYTES), _SEED_BYTES)
    if boto3 := loaded.get("boto3"):
        boto3.DEFAULT_SESSION = None  # credentials of the time before, and connections
    if parameters := loaded.get("aws_lambda_powertools.utilities.parameters"):
        parameters.clear_caches()
