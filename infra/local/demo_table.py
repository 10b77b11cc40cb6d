"""The demo's last words: a row a payment, or a few lines each where the terminal is narrow."""

import textwrap
from collections.abc import Sequence

from infra.local.demo_payment import Row

HEAD = ("method", "payment", "states", "topic/partition/offset", "seconds", "")
INDENT = 2


def table(rows: Sequence[Row], width: float) -> str:
    lines = [HEAD, *map(cells, rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    if sum(widths) + 2 * (len(widths) - 1) > width:
        return "\n".join(block(row, width) for row in rows)
    return "\n".join(
        "  ".join(cell.ljust(size) for cell, size in zip(line, widths, strict=True)).rstrip() for line in lines
    )


def cells(row: Row) -> tuple[str, ...]:
    place = f"{row.topic}/{row.partition}/{row.offset}" if row.topic else "-"
    verdict = "ok" if row.ok else "FAILED"
    return (row.method, row.paymentId or "-", " > ".join(row.states), place, f"{row.seconds:.1f}", verdict)


def block(row: Row, width: float) -> str:
    method, payment, states, place, seconds, verdict = cells(row)
    passed = textwrap.wrap(states, max(int(width) - INDENT, 1), break_long_words=False)
    indent = "\n" + " " * INDENT
    return indent.join((f"{method}: {verdict} after {seconds} s", payment, *passed, place))
