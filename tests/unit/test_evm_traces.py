"""What contracts send inside of a transaction, by geth's callTracer."""

from datetime import UTC, datetime
from typing import Any

import pytest

from paygate.adapters.chains.evm.natives import inner
from paygate.chain_ports import Block

OURS, CONTRACT, OTHER = "aa" * 20, "cc" * 20, "ee" * 20
BLOCK = Block(1, "ab" * 32, "cd" * 32, datetime(2026, 1, 1, tzinfo=UTC))


def frame(to: str = CONTRACT, value: int = 0, *calls: Any, kind: str = "CALL", **more: Any) -> dict[str, Any]:
    made = {"type": kind, "from": f"0x{CONTRACT}", "to": f"0x{to}", "value": hex(value), **more}
    return {**made, "calls": list(calls)} if calls else made


def sent(*calls: Any, **more: Any) -> list[tuple[str, int, str]]:
    return [
        (each.key, each.units, each.index) for each in inner("12" * 32, frame(CONTRACT, 9, *calls, **more), BLOCK)
    ]


def test_the_transaction_itself_is_not_what_is_sent_inside() -> None:
    assert sent() == []


def test_transfers_to_one_address_are_numbered_however_deep_they_are() -> None:
    deep = frame(OTHER, 0, frame(OURS, 1), frame(OTHER, 0, frame(OURS, 2)))
    assert sent(deep, frame(OTHER, 5), frame(OURS, 3)) == [
        (OURS, 1, "trace:0"),
        (OURS, 2, "trace:1"),
        (OTHER, 5, "trace:0"),
        (OURS, 3, "trace:2"),
    ]


def test_calls_without_money_do_not_change_the_numbers() -> None:
    """Some tracers show calls of precompiled contracts, others do not."""
    assert sent(frame("00" * 20), frame(OURS, 1), frame(OURS, 0), frame(OURS, 2)) == sent(
        frame(OURS, 1), frame(OURS, 2)
    )


def test_what_failed_took_everything_below_it_back() -> None:
    failed = frame(OTHER, 0, frame(OURS, 1), error="execution reverted")
    assert sent(failed, frame(OURS, 4, error="out of gas"), frame(OURS, 2)) == [(OURS, 2, "trace:0")]
    assert sent(frame(OURS, 1), error="execution reverted") == []


@pytest.mark.parametrize("kind", ["DELEGATECALL", "STATICCALL", "CALLCODE"])
def test_some_calls_move_nothing_and_what_they_call_may(kind: str) -> None:
    assert sent(frame(OURS, 7, frame(OURS, 1), kind=kind)) == [(OURS, 1, "trace:0")]


def test_a_contract_that_ends_leaves_what_it_has_to_somebody() -> None:
    assert sent(frame(OURS, 7, kind="SELFDESTRUCT")) == [(OURS, 7, "trace:0")]


def test_what_one_sends_to_oneself_is_nothing() -> None:
    assert sent({**frame(OURS, 7), "from": f"0x{OURS}"}) == []


def test_a_call_may_have_no_value() -> None:
    without = frame(OURS)
    del without["value"]
    assert sent(without, {**frame(OURS, kind="STATICCALL"), "value": None}) == []


def test_as_deep_as_calls_go() -> None:
    """EIP-150: 1024."""
    nested = frame(OURS, 1)
    for _ in range(1024):
        nested = frame(CONTRACT, 0, nested)
    assert sent(nested) == [(OURS, 1, "trace:0")]
