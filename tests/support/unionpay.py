"""A payer's browser at the sandboxed UnionPay: from the payment's form to the form that comes back."""

from __future__ import annotations

import html
import re
from typing import Any

import requests


def pay_in_browser(payment: dict[str, Any]) -> tuple[str, dict[str, str]]:
    """Pay by the page; answers where UnionPay has the browser post its signed word, and what it posts."""
    action = payment["action"]
    page = requests.post(action["url"], data=action["fields"], timeout=30)
    for step in ("begin", "pay"):
        page = requests.post(page.url, data={"step": step}, timeout=30)
        assert page.ok, page.text
    target = re.search(r'<form method="post" action="([^"]+)"', page.text)
    assert target, page.text
    inputs = re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)">', page.text)
    return html.unescape(target[1]), {name: html.unescape(value) for name, value in inputs}
