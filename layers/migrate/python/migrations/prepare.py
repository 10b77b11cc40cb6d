"""Makes the roles and the database that migrations begin with, where nobody could log in and do it by hand."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
from contextlib import closing
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from pg8000.native import Connection

    from paygate.adapters.postgres.login import Login

OWNER, APPLICATION, DATABASE = "paygate_owner", "paygate", "paygate"
# A pooler refuses start-up options, so the role carries its limits.
LIMITS = {"statement_timeout": "10s", "lock_timeout": "5s", "idle_in_transaction_session_timeout": "15s"}
_ITERATIONS = 4096  # PostgreSQL's own
_LOCK = 7291002


def prepare(owner: Login, application: Login, user: str, password: str) -> None:
    """As the server's administrator, RDS's master or any role that may create roles and databases.

    Each role comes in as its login says: by a token of IAM, or with the password of its URL, which it then has.
    Safe to repeat, and to run at once: what is there stays, but for passwords and limits, which are set again.
    """
    from pg8000.native import Connection  # noqa: PLC0415  # only where it is called

    how = owner.arguments("postgres") | {"user": user, "password": password}
    with closing(Connection(**how, timeout=30)) as administrator:
        run = administrator.run
        run("SELECT pg_advisory_lock(:lock)", lock=_LOCK)  # ends with the connection
        for role, login in ((OWNER, owner), (APPLICATION, application)):
            if not run("SELECT FROM pg_roles WHERE rolname = :role", role=role):
                run(f"CREATE ROLE {role} LOGIN")
            _let_in(run, role, login)
        for limit, value in LIMITS.items():
            run(f"ALTER ROLE {APPLICATION} SET {limit} = '{value}'")
        if not run("SELECT FROM pg_database WHERE datname = :name", name=DATABASE):
            _create_database(administrator)


def _let_in(run: Callable[..., Any], role: str, login: Login) -> None:
    """On RDS a member of rds_iam comes in by a token and no longer by a password."""
    if login.token is not None:
        run(f"GRANT rds_iam TO {role}")
        return
    run(f"ALTER ROLE {role} PASSWORD '{_verifier(login.arguments()['password'])}'")
    if run("SELECT FROM pg_roles WHERE rolname = 'rds_iam'"):
        run(f"REVOKE rds_iam FROM {role}")


def _create_database(administrator: Connection) -> None:
    """Whoever is no superuser gives a database away only to a role of which it is a member."""
    administrator.run(f"GRANT {OWNER} TO CURRENT_USER")
    try:
        administrator.run(f"CREATE DATABASE {DATABASE} OWNER {OWNER}")
    finally:
        administrator.run(f"REVOKE {OWNER} FROM CURRENT_USER")


def _verifier(password: str) -> str:
    """What PostgreSQL keeps of a password (RFC 5803), so that none stands in a statement that may be logged."""
    salt = os.urandom(16)
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, _ITERATIONS)
    stored = hashlib.sha256(hmac.digest(salted, b"Client Key", "sha256")).digest()
    server = hmac.digest(salted, b"Server Key", "sha256")
    salt_text, stored_text, server_text = (base64.b64encode(part).decode() for part in (salt, stored, server))
    return f"SCRAM-SHA-256${_ITERATIONS}:{salt_text}${stored_text}:{server_text}"
