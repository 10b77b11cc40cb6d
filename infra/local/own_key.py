"""The stack's own API key: all scopes, made once and used again while the database knows it."""

from collections.abc import Mapping
from pathlib import Path

from infra.local.secret_store import write_private


def own_key(path: Path, settings: Mapping[str, str]) -> str:
    """The token at `path`, or a new one. `settings` are the core's, complete."""
    from paygate import bootstrap
    from paygate.config import read_settings
    from paygate.services.api_keys import BEARER, SCOPES, ApiKeys

    app = bootstrap.build(read_settings(settings))
    try:
        token = path.read_text() if path.exists() else ""
        if not token or app.keys.find(token.partition(".")[0]) is None:
            keys = ApiKeys(app.keys, app.settings.api_key_pepper)
            token = keys.issue("local stack", BEARER, SCOPES).token
            write_private(path, token)
        return token
    finally:
        app.database.close()
