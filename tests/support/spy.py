"""Plants secrets, keeps what comes back, and knows everything that is written down where others may read it."""

from __future__ import annotations

import json
import time
import uuid
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

import requests

from tests.support.at_once import until

if TYPE_CHECKING:
    from infra.local.stack import Stack
    from tests.support.books import Books


def planted(kind: str) -> str:
    """Recognisable, and another one for each place, so that a leak says where it came from."""
    return f"planted-{kind}-{uuid.uuid4().hex}"


class Spy:
    """Sends what carries secrets, and keeps every answer."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.secrets: list[str] = []
        self.answers: list[requests.Response] = []

    def plant(self, kind: str) -> str:
        self.secrets.append(planted(kind))
        return self.secrets[-1]

    def send(self, method: str, path: str, **options: object) -> requests.Response:
        answer = requests.request(method, self.url + path, timeout=30, **options)  # type: ignore[arg-type]
        self.answers.append(answer)
        return answer

    def is_heard_in(self, log: str) -> bool:
        """Whether the log is the one that these calls left their traces in."""
        ids = [name for answer in self.answers if (name := answer.headers.get("X-Request-Id"))]
        return len(ids) > 2 and any(name in log for name in ids)

    @property
    def told(self) -> str:
        """Every answer with its headers; what a caller sent as his own data may come back in it."""
        return "\n".join(f"{answer.status_code} {dict(answer.headers)} {answer.text}" for answer in self.answers)


def logs(stack: Stack) -> str:
    """All that the stack's own programs wrote, once they have stopped writing."""
    paths = [path for path in stack.directory.glob("*/*.log") if path.stem in ("gateway", "scheduler", "sandbox")]
    assert len(paths) == 3

    def size() -> int:
        return sum(path.stat().st_size for path in paths)

    last = [-1]

    def is_quiet() -> bool:
        before, last[0] = last[0], size()
        time.sleep(0.2)
        return before == last[0] == size()

    until(is_quiet, "the logs are quiet")
    return "\n".join(path.read_text(encoding="utf-8", errors="replace") for path in paths)


def stored(books: Books) -> str:
    """What leaves or may be shown without decryption: events, causes of failure, cases, timeline."""
    texts = [
        "SELECT payload || event_id || request_id FROM outbox",
        "SELECT last_error FROM outbox_queue WHERE last_error IS NOT NULL",
        "SELECT kind || dedupe || detail::text FROM operator_cases",
        "SELECT reason FROM timeline",
        "SELECT outcome FROM callback_outcomes",
        "SELECT failure_reason FROM payments WHERE failure_reason IS NOT NULL",
        "SELECT failure_reason FROM refunds WHERE failure_reason IS NOT NULL",
    ]
    return "\n".join(str(row[0]) for text in texts for row in books.run(text))


def settings_of(stack: Stack) -> dict[str, str]:
    """Every secret that the functions have, by where it stands."""
    kept = json.loads((stack.directory / "secrets.json").read_text(encoding="utf-8"))
    found = {f"{name} {number}": part for name, text in kept.items() for number, part in enumerate(text.split(":"))}
    for name, value in stack.env.items():
        if name.endswith("_URL") and (word := urlsplit(value).password):
            found[name] = word
        if name.endswith(("_API_V3_KEY", "_SECRET_KEY", "_WEBHOOK_SECRETS")):
            found[name] = value
        if name.endswith("_PRIVATE_KEY_FILE"):
            lines = Path(value).read_text(encoding="utf-8").splitlines()
            found |= {f"{name} {number}": line for number, line in enumerate(lines) if len(line) > 40}
    found = {name: value for name, value in found.items() if len(value) >= 12}
    assert {name.partition(" ")[0] for name in found} >= {
        *("API_KEY_PEPPER", "ENCRYPTION_KEY", "DATABASE_URL", "MIGRATE_DATABASE_URL", "REDIS_URL"),
        *("ALIPAY_APP_PRIVATE_KEY_FILE", "WECHAT_PAY_PRIVATE_KEY_FILE", "WECHAT_PAY_API_V3_KEY"),
    }
    return found


def assert_none_of(secrets: dict[str, str], **texts: str) -> None:
    for place, text in texts.items():
        leaked = [name for name, secret in secrets.items() if secret in text or quote(secret, safe="") in text]
        assert leaked == [], f"{leaked} in the {place}"
