"""What the scenarios share beside the stack: the rows behind the API, and the rail's bad days."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import requests

from tests.support.rows import Rows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from infra.local.stack import Stack
    from tests.support.alipay import Alipay


@pytest.fixture(scope="session")
def rows(stack: Stack) -> Rows:
    return Rows(stack)


@pytest.fixture
def fault(alipay: Alipay) -> Iterator[Callable[..., None]]:
    """`fault("drop_after", "precreate")`: what goes wrong at the rail next; nothing of it outlives the test."""

    def script(kind: str, method: str, **options: Any) -> None:
        name = method if method in ("callback", "*") else f"alipay.trade.{method}"
        alipay.do("faults", kind=kind, method=name, **options)

    yield script
    requests.delete(f"{alipay.url}/alipay/_sandbox/faults", timeout=10).raise_for_status()
