"""Secrets of the local stack: made once, kept beside the data, served by Secrets Manager as on AWS."""

import base64
import json
import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any

PREFIX = "paygate/local"


def own_secrets(directory: Path) -> dict[str, str]:
    """The pepper of API keys and the key that encrypts at rest; data from an earlier run need the same."""
    path = directory / "secrets.json"
    if not path.exists():
        fresh = {"API_KEY_PEPPER": _random_key(), "ENCRYPTION_KEY": f"local:{_random_key()}"}
        write_private(path, json.dumps(fresh))
    kept: dict[str, str] = json.loads(path.read_text())
    return kept


def publish(client: Any, secrets_by_name: Mapping[str, Mapping[str, str]]) -> str:
    """Store each as `<PREFIX>/<name>`; returns what SECRETS must say to read them all."""
    for name, values in secrets_by_name.items():
        store(client, f"{PREFIX}/{name}", values)
    return ",".join(f"{PREFIX}/{name}" for name in secrets_by_name)


def store(client: Any, name: str, values: Mapping[str, str]) -> None:
    text = json.dumps(dict(values))
    try:
        client.create_secret(Name=name, SecretString=text)
    except client.exceptions.ResourceExistsException:  # at an emulator that outlives the stack
        client.put_secret_value(SecretId=name, SecretString=text)


def with_contents(settings: Mapping[str, str]) -> dict[str, str]:
    """A rail's settings as functions take them: `X_FILE` becomes `X`, the file's text."""
    return {
        name.removesuffix("_FILE"): Path(value).read_text() if name.endswith("_FILE") else value
        for name, value in settings.items()
    }


def write_private(path: Path, text: str) -> None:
    """The whole file or none of it, readable by its owner only."""
    draft = path.with_name(f"{path.name}.{os.getpid()}.new")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    draft.replace(path)


def _random_key() -> str:
    return base64.b64encode(secrets.token_bytes(32)).decode()
